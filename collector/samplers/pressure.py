"""Samples how long tasks waited for processors, memory and disks."""

from __future__ import annotations

import msgspec

from collector.readings.pressure import Pressure as Files
from collector.readings.pressure import Waited, percent
from collector.records.pressure import PressureSample
from collector.samplers.base import Context, Missing, Sampler, sampler


@sampler
class Pressure(Sampler[Waited]):
    """Shares of the time between two readings, from the totals: the kernel's averages lag behind."""

    name = "pressure"
    may_block = False

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._files = Files(context.proc)

    def read(self) -> Waited:
        """Source: /proc/pressure."""
        waited = self._files.read()
        if waited is None:
            raise Missing("this kernel tells no pressure (PSI); psi=1 on its command line may switch it on")
        return waited

    def records(
        self, before: Waited | None, now: Waited, seconds: float, timestamp: int
    ) -> list[msgspec.Struct]:
        """One row; none when a total went back."""
        assert before is not None
        shares = {
            "cpu_some_percent": percent(before.cpu.some, now.cpu.some, seconds),
            "memory_some_percent": percent(before.memory.some, now.memory.some, seconds),
            "memory_full_percent": percent(before.memory.full, now.memory.full, seconds),
            "io_some_percent": percent(before.io.some, now.io.some, seconds),
            "io_full_percent": percent(before.io.full, now.io.full, seconds),
        }
        if None in shares.values():
            return []
        return [PressureSample.record(timestamp=timestamp, **shares)]
