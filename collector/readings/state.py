"""The state of the machine over a stretch of time, such as the run of a workload."""

from __future__ import annotations

import threading
import time
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from collector.readings import memory, pressure, processor
from collector.readings.frequency import Frequency
from collector.readings.kernel_file import KernelFile
from collector.readings.power import Power
from collector.readings.thermal import Thermal

# /proc/stat counts in ticks of 10 ms: over less than this, a share of busy time is mostly rounding.
SHORTEST_SECONDS = 0.5
# Kept looks lie this far apart, and one this far before the end of a short run widens its window ...
APART_SECONDS = 1.0
# ... unless it is older than this: what the machine did a minute ago says nothing about the run.
OLDEST_SECONDS = 30.0


class Look(NamedTuple):
    """A raw and cheap reading (30 µs): cumulative seconds of all cores, and what was waited for."""

    monotonic: float
    total_seconds: float
    idle_seconds: float
    cores: int
    waited: pressure.Waited | None


@dataclass(frozen=True, slots=True)
class MachineState:
    """What the machine did during a window; each figure is None when it is unknown.

    ``busy_percent``, ``busy_seconds`` (processor time of all cores together) and ``window_seconds``
    belong to one window, which is longer than the run where the run is very short.
    The pressures are over the run itself, the levels are of its end.
    """

    busy_percent: float | None
    cpu_some_percent: float | None
    memory_some_percent: float | None
    io_some_percent: float | None
    available_bytes: int | None
    temperature_celsius: float | None
    frequency_mhz: float | None
    on_battery: bool | None
    busy_seconds: float | None
    window_seconds: float
    cores: int


class Meter:
    """Looks at the machine and compares looks; safe to share between threads."""

    def __init__(self, proc: str | Path = "/proc", sys: str | Path = "/sys") -> None:
        self._stat = KernelFile(Path(proc, "stat"))
        self._meminfo = KernelFile(Path(proc, "meminfo"))
        self._pressure = pressure.Pressure(proc)
        self._thermal = Thermal(sys)
        self._frequency = Frequency(sys)
        self._power = Power(sys)
        self._kept: deque[Look] = deque(maxlen=int(OLDEST_SECONDS))
        self._keeping = threading.Lock()

    def look(self) -> Look:
        """Read the counters now. Raises OSError when /proc cannot be read."""
        now = processor.parse(self._stat.read())
        return Look(time.monotonic(), now.total, now.idling, now.cores, self._pressure.read())

    def note(self, look: Look) -> None:
        """Keep a look for runs that will be too short on their own; those too close together go."""
        with self._keeping:
            if not self._kept or look.monotonic - self._kept[-1].monotonic >= APART_SECONDS:
                self._kept.append(look)

    def state(self, start: Look, end: Look) -> MachineState:
        """The state between two looks, with the levels read now."""
        seconds = end.monotonic - start.monotonic
        begin = start if seconds >= SHORTEST_SECONDS else self._before(end)
        busy = share = None
        if begin is not None:
            busy, share = busy_between(begin, end)
        on_mains = self._power.read().on_mains
        cpu, of_memory, io = some_percents(start, end)
        return MachineState(
            busy_percent=share,
            cpu_some_percent=cpu,
            memory_some_percent=of_memory,
            io_some_percent=io,
            available_bytes=memory.parse_available(self._meminfo.read()),
            temperature_celsius=self._thermal.read(),
            frequency_mhz=self._frequency.read(),
            on_battery=None if on_mains is None else not on_mains,
            busy_seconds=busy,
            window_seconds=seconds if begin is None else end.monotonic - begin.monotonic,
            cores=end.cores,
        )

    def _before(self, end: Look) -> Look | None:
        """The newest kept look that gives a window long enough, and not so long that it misleads."""
        with self._keeping:
            kept = list(self._kept)
        for look in reversed(kept):
            if APART_SECONDS <= end.monotonic - look.monotonic <= OLDEST_SECONDS:
                return look
        return None


def busy_between(begin: Look, end: Look) -> tuple[float | None, float | None]:
    """Processor seconds used by the whole machine, and their share in percent. Pure.

    Idle time may go back by a tick or two, and all of it starts anew when a core comes back online.
    """
    total = end.total_seconds - begin.total_seconds
    if total <= 0:
        return None, None
    busy = min(total, max(0.0, total - (end.idle_seconds - begin.idle_seconds)))
    return busy, 100 * busy / total


def some_percents(start: Look, end: Look) -> tuple[float | None, float | None, float | None]:
    """Share of the time in which a task waited for a core, for memory, for a disk. Pure."""
    if start.waited is None or end.waited is None:
        return None, None, None
    seconds = end.monotonic - start.monotonic
    cpu, of_memory, io = [
        pressure.percent(before.some, now.some, seconds)
        for before, now in zip(start.waited, end.waited, strict=True)
    ]
    return cpu, of_memory, io
