"""Samples what the recorder itself costs, and how well it keeps up."""

from __future__ import annotations

import os
import resource
import time
from typing import NamedTuple

import msgspec

from collector.readings.kernel_file import KernelFile
from collector.readings.memory import PAGE_BYTES
from collector.records.recorder import RecorderSample
from collector.samplers.base import Context, Figures, Sampler, rates, sampler

# The unit of ru_oublock.
BLOCK_BYTES = 512


class Reading(NamedTuple):
    """Cumulative processor seconds and bytes written of this process, and its levels now."""

    cpu_seconds: float
    written_bytes: int
    rss_bytes: int
    figures: Figures
    database_bytes: int
    wal_bytes: int


@sampler
class Recorder(Sampler[Reading]):
    """This process and its files, by their size only: opening the database here would drop its locks."""

    name = "recorder"
    may_block = False

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._statm = KernelFile(context.proc / "self/statm")
        self._files = (str(context.database), f"{context.database}-wal")

    def read(self) -> Reading:
        """Source: /proc/self/statm, getrusage(2) and stat(2).

        ``ru_oublock`` is the kernel's own write_bytes of /proc/self/io in units of 512 bytes, and can
        be asked where that file is closed to us.
        """
        database_bytes, wal_bytes = [_size(path) for path in self._files]
        return Reading(
            time.process_time(),
            resource.getrusage(resource.RUSAGE_SELF).ru_oublock * BLOCK_BYTES,
            int(self._statm.read().split(None, 2)[1]) * PAGE_BYTES,
            self.context.figures(),
            database_bytes,
            wal_bytes,
        )

    def records(
        self, before: Reading | None, now: Reading, seconds: float, timestamp: int
    ) -> list[msgspec.Struct]:
        """One row."""
        assert before is not None
        per_s = rates(before[:2], now[:2], seconds)
        if per_s is None:
            return []
        return [
            RecorderSample.record(
                timestamp=timestamp,
                cpu_percent=100 * per_s[0],
                rss_bytes=now.rss_bytes,
                queued=now.figures.queued,
                flush_ms=now.figures.flush_ms,
                written_bytes_per_s=per_s[1],
                dropped=max(0, now.figures.dropped - before.figures.dropped),
                late_ms=now.figures.late_ms,
                database_bytes=now.database_bytes,
                wal_bytes=now.wal_bytes,
            )
        ]


def _size(path: str) -> int:
    """The size of a file; 0 while it is not there, as a log is not before the first write."""
    try:
        return os.stat(path).st_size  # noqa: PTH116  # a Path costs more than the call
    except FileNotFoundError:
        return 0
