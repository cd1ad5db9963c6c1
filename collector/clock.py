"""Time: wall for people, monotonic for rates, boot time to see a suspend.

``step`` functions all over the package take an `Instant`, so tests pass their own.
"""

from __future__ import annotations

import time
from typing import NamedTuple

# Wall and monotonic time drift apart by less than this between two looks (NTP slews 0.5 ms a
# second); more is a jump. Suspend shows as boot time that monotonic time did not see. A little under
# a second, so that a clock set by exactly one counts, however the three readings round.
JUMP_SECONDS = 0.95


class Instant(NamedTuple):
    """One moment on the three clocks that matter.

    ``wall_ms`` is milliseconds since the Unix epoch, UTC; ``monotonic`` and ``boottime`` are seconds.
    """

    wall_ms: int
    monotonic: float
    boottime: float

    def later(self, seconds: float) -> Instant:
        """This moment plus ``seconds`` on all three clocks: what an undisturbed machine would show."""
        return Instant(
            self.wall_ms + round(seconds * 1000),
            self.monotonic + seconds,
            self.boottime + seconds,
        )


def now() -> Instant:
    """Read the three clocks."""
    return Instant(time.time_ns() // 1_000_000, time.monotonic(), time.clock_gettime(time.CLOCK_BOOTTIME))


class Hole(NamedTuple):
    """A stretch of wall time that nobody saw, and why."""

    from_ms: int
    to_ms: int
    reason: str


class Watch:
    """Notices what happens to time between two looks: suspend, a set clock, a stall of ours.

    ``patience`` is how many seconds may pass between two looks before it counts as a stall.
    """

    def __init__(self, start: Instant, patience: float) -> None:
        self.last = start
        self.patience = patience

    def step(self, at: Instant) -> Hole | None:
        """Compare ``at`` with the look before; return the hole between them, if there is one."""
        last, self.last = self.last, at
        awake = at.monotonic - last.monotonic
        asleep = (at.boottime - last.boottime) - awake
        jump = (at.wall_ms - last.wall_ms) / 1000 - (at.boottime - last.boottime)
        # A clock that is put right at the end of a suspend is still, above all, a suspend.
        if abs(jump) >= JUMP_SECONDS and abs(jump) >= asleep:
            # Stored with the earlier end first: after a step back this stretch happened twice.
            return Hole(min(last.wall_ms, at.wall_ms), max(last.wall_ms, at.wall_ms), "clock")
        if asleep >= JUMP_SECONDS:
            return Hole(last.wall_ms, at.wall_ms, "suspend")
        if awake > self.patience:
            return Hole(last.wall_ms, at.wall_ms, "stall")
        return None
