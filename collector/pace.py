"""How often the machine is read: slower on battery."""

from __future__ import annotations

from collections.abc import Callable

from collector.settings import Sampling
from collector.units import Duration

LOOK_SECONDS = 10.0


class Pace:
    """Knows whether the machine runs on its battery, and stretches intervals accordingly.

    ``on_battery`` reads the power supply: True, False, or None where nothing tells.
    """

    def __init__(self, sampling: Sampling, on_battery: Callable[[], bool | None]) -> None:
        self.sampling = sampling
        self._read = on_battery
        self._looked: float | None = None
        self.on_battery = False

    def look(self, monotonic: float) -> None:
        """Read the power supply, at most every 10 s."""
        if self._looked is None or monotonic - self._looked >= LOOK_SECONDS:
            self._looked = monotonic
            self.on_battery = bool(self._read())

    def every(self, own: Duration | None = None) -> float:
        """Seconds between two readings: the common interval, or a sampler's ``own``."""
        every = self.sampling.every if own is None else own
        return max(every, self.sampling.on_battery) if self.on_battery else every
