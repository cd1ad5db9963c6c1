"""How long a command without a daemon may keep the lock, so that a daemon can begin meanwhile."""

from __future__ import annotations

import time
from collections.abc import Callable

LONGEST_SECONDS = 1.0  # of continuous work: a recorder that starts waits for half a second more
# Who waits for the lock looks every 10 ms: what is shorter than this is no chance for it.
GAP_SECONDS = 0.03

Clock = Callable[[], float]
Pause = Callable[[float], None]


class Turn:
    """The lock is ours from `take` to `free`; takings with less than a gap between them are one turn."""

    def __init__(self, now: Clock = time.monotonic, pause: Pause = time.sleep) -> None:
        self._now = now
        self._pause = pause
        self._began = 0.0
        self._freed: float | None = None

    def take(self) -> None:
        """Call before the lock is taken: waits for a gap when the turn was long enough."""
        if self._freed is None or self._now() - self._freed >= GAP_SECONDS:
            self._began = self._now()
        elif self.is_over():
            self._pause(GAP_SECONDS)
            self._began = self._now()

    def is_over(self) -> bool:
        """Whether it is time to let go of the lock."""
        return self._now() - self._began >= LONGEST_SECONDS

    def free(self) -> None:
        """Call after the lock was let go of."""
        self._freed = self._now()
