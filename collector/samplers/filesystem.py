"""Samples how full file systems are."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from typing import Any

import msgspec
import psutil

from collector.log import get_logger
from collector.readings.kernel_file import KernelFile
from collector.records.filesystem import FilesystemSample
from collector.samplers.base import Context, Sampler, sampler

log = get_logger("samplers")

# The list of mounts is read again when the kernel says that it changed, and after this in any case.
LIST_SECONDS = 60.0
# Images that are full by nature: snaps, installers, discs.
FULL_BY_NATURE = {"squashfs", "erofs", "iso9660", "udf", "cramfs"}


@sampler
class Filesystem(Sampler[dict[str, os.statvfs_result]]):
    """Real local file systems: those with a device, and ZFS."""

    name = "filesystem"
    rates = False
    may_block = True

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._mounts: list[str] = []
        self._listed_at: float | None = None
        self._table = KernelFile(context.proc / "self/mounts")
        self._failed: set[str] = set()

    def read(self) -> dict[str, os.statvfs_result]:
        """Source: statvfs(3) of each mount. It answers from memory and wakes no disk."""
        return self.asked(self.mounts(time.monotonic()))

    def records(
        self,
        before: dict[str, os.statvfs_result] | None,
        now: dict[str, os.statvfs_result],
        seconds: float,
        timestamp: int,
    ) -> list[msgspec.Struct]:
        """One row a mount, but for those without a size."""
        rows = []
        for mount, size in now.items():
            # As df counts: what is reserved for root is neither used nor free.
            used, free = size.f_blocks - size.f_bfree, size.f_bavail
            if used + free > 0:
                rows.append(
                    FilesystemSample.record(
                        timestamp=timestamp,
                        mount=mount,
                        used_bytes=used * size.f_frsize,
                        free_bytes=free * size.f_frsize,
                        used_percent=100 * used / (used + free),
                    )
                )
        return rows

    def mounts(self, monotonic: float) -> list[str]:
        """The mounts to ask, listed anew only when the kernel says so or a minute has passed."""
        # Asked first: it opens the table, and tells of changes from then on.
        changed = self._table.changed()
        if changed or self._listed_at is None or monotonic - self._listed_at >= LIST_SECONDS:
            self._mounts = real_mounts(psutil.disk_partitions(all=False), psutil.disk_partitions(all=True))
            self._listed_at = monotonic
            self._failed &= set(self._mounts)
        return self._mounts

    def asked(self, mounts: list[str]) -> dict[str, os.statvfs_result]:
        """How full each mount is. One that fails is left out, and said once."""
        usages = {}
        for mount in mounts:
            try:
                usages[mount] = os.statvfs(mount)
            except OSError as error:
                if mount not in self._failed:
                    self._failed.add(mount)
                    log.warning("filesystem.failed", mount=mount, error=str(error))
                continue
            if mount in self._failed:
                self._failed.discard(mount)
                log.info("filesystem.failed.over", mount=mount)
        return usages


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
