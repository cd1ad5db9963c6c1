"""Samples how full file systems are."""

from __future__ import annotations

import os
import select
import time
from collections.abc import Iterable
from typing import Any

import msgspec
import psutil

from collector.log import get_logger
from collector.records.filesystem import FilesystemSample
from collector.samplers.base import Context, Sampler, sampler

log = get_logger("samplers")

# The list of mounts is read again when the kernel says that it changed, and after this in any case.
LIST_SECONDS = 60.0
# Images that are full by nature: snaps, installers, discs.
FULL_BY_NATURE = {"squashfs", "erofs", "iso9660", "udf", "cramfs"}


@sampler
class Filesystem(Sampler[dict[str, Any]]):
    """Real local file systems. One that fails is left out and said once; the others are sampled."""

    name = "filesystem"
    rates = False
    may_block = True

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._mounts: list[str] = []
        self._listed_at: float | None = None
        self._changed = Changed("/proc/self/mounts")
        self._failed: set[str] = set()

    def read(self) -> dict[str, Any]:
        """Source: statvfs(3) of each mount. It answers from memory and wakes no disk."""
        now = time.monotonic()
        if self._listed_at is None or self._changed() or now - self._listed_at >= LIST_SECONDS:
            self._mounts = real_mounts(psutil.disk_partitions(all=False), psutil.disk_partitions(all=True))
            self._listed_at = now
            self._failed &= set(self._mounts)
        return {mount: usage for mount in self._mounts if (usage := self._ask(mount)) is not None}

    def records(
        self, before: dict[str, Any] | None, now: dict[str, Any], seconds: float, timestamp: int
    ) -> list[msgspec.Struct]:
        """One row a mount. The share is of what users can have, as df counts it."""
        return [
            FilesystemSample.record(
                timestamp=timestamp,
                mount=mount,
                used_bytes=usage.used,
                free_bytes=usage.free,
                used_percent=100 * usage.used / (usage.used + usage.free),
            )
            for mount, usage in now.items()
            if usage.used + usage.free > 0
        ]

    def _ask(self, mount: str) -> Any:
        try:
            usage = psutil.disk_usage(mount)
        except OSError as error:
            if mount not in self._failed:
                self._failed.add(mount)
                log.warning("filesystem.failed", mount=mount, error=str(error))
            return None
        if mount in self._failed:
            self._failed.discard(mount)
            log.info("filesystem.failed.over", mount=mount)
        return usage


class Changed:
    """Says whether the kernel changed a file of mounts since the last call: 1 µs instead of a reading."""

    def __init__(self, path: str) -> None:
        self._file = open(path, "rb", buffering=0)  # noqa: SIM115  # open as long as we ask
        self._poll = select.poll()
        self._poll.register(self._file, select.POLLPRI)

    def __call__(self) -> bool:
        return bool(self._poll.poll(0))


def real_mounts(physical: Iterable[Any], every: Iterable[Any]) -> list[str]:
    """Where real file systems are mounted, one path a device: the shortest. Pure.

    ``physical`` and ``every`` are psutil's partitions without and with the kernel's own. A mount that
    came by itself (autofs) would go again when nobody looks at it; looking at it would keep it, and its
    disk, awake.
    """
    automatic = {part.mountpoint for part in every if part.fstype == "autofs"}
    by_device: dict[str, str] = {}
    for part in physical:
        mount = os.fsdecode(part.mountpoint)
        if part.fstype in FULL_BY_NATURE or mount in automatic:
            continue
        known = by_device.get(part.device)
        if known is None or len(mount) < len(known):
            by_device[part.device] = mount
    return sorted(by_device.values())
