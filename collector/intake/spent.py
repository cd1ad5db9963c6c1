"""The time that was spent on a client lately."""

from __future__ import annotations

import math

KEPT_SECONDS = 1.5  # after so long two thirds of it are forgotten
LIGHT_SECONDS = 0.1


class Spent:
    """Seconds of work, those long ago forgotten."""

    def __init__(self, now: float, seconds: float = 0.0) -> None:
        self._seconds, self._at = seconds, now

    def at(self, now: float) -> float:
        """What is left of it."""
        return self._seconds * math.exp((self._at - now) / KEPT_SECONDS)

    def is_light(self, now: float) -> bool:
        """Whether little was spent on it."""
        return self.at(now) <= LIGHT_SECONDS

    def add(self, seconds: float, now: float) -> None:
        """More, or less when it turned out well; never below nothing."""
        self._seconds, self._at = max(0.0, self.at(now) + seconds), now
