"""Samples how full memory and swap are."""

from __future__ import annotations

import time
from typing import NamedTuple

import msgspec
import psutil

from collector.records.memory import MemorySample
from collector.samplers.base import Context, Sampler, rates, sampler

NO_SWAP_SECONDS = 60.0


class Reading(NamedTuple):
    """Levels in bytes, and what was swapped in and out since boot."""

    total: int
    available: int
    swap_used: int
    swapped: tuple[int, int]


@sampler
class Memory(Sampler[Reading]):
    """Available is the kernel's own estimate of what programs can still get; used is the rest."""

    name = "memory"
    may_block = False

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._no_swap_until = 0.0
        self._moved = (0, 0)

    def read(self) -> Reading:
        """Source: /proc/meminfo and /proc/vmstat through psutil."""
        memory, swap = psutil.virtual_memory(), self._swap(time.monotonic())
        return Reading(memory.total, memory.available, *swap)

    def _swap(self, monotonic: float) -> tuple[int, tuple[int, int]]:
        """Bytes in use, and bytes moved in and out since boot.

        Where there is no swap this asks only once a minute: it would cost more than all the rest.
        """
        if monotonic < self._no_swap_until:
            return 0, self._moved
        swap = psutil.swap_memory()
        self._moved = (swap.sin, swap.sout)
        if not swap.total:
            self._no_swap_until = monotonic + NO_SWAP_SECONDS
        return swap.used, self._moved

    def records(
        self, before: Reading | None, now: Reading, seconds: float, timestamp: int
    ) -> list[msgspec.Struct]:
        """One row."""
        assert before is not None
        moved = rates(before.swapped, now.swapped, seconds)
        if moved is None:
            return []
        used = now.total - now.available
        return [
            MemorySample.record(
                timestamp=timestamp,
                total_bytes=now.total,
                used_bytes=used,
                available_bytes=now.available,
                used_percent=100 * used / now.total,
                swap_used_bytes=now.swap_used,
                swap_in_bytes_per_s=moved[0],
                swap_out_bytes_per_s=moved[1],
            )
        ]
