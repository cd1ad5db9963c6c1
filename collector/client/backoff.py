"""How a failing loop stays polite: it waits longer each time, and says so only now and then."""

from __future__ import annotations

import sys
import time

SHORTEST_SECONDS, LONGEST_SECONDS = 0.1, 5.0
_SAY_EVERY_SECONDS = 30.0


class BackOff:
    """Counts the failures since the last success."""

    def __init__(self) -> None:
        self._failures = 0
        self._not_said = 0
        self._say_at = 0.0

    def succeeded(self) -> None:
        """Begin anew."""
        self._failures = 0

    def failed(self, error: Exception) -> float:
        """How many seconds to wait."""
        seconds = min(SHORTEST_SECONDS * 2.0 ** min(self._failures, 10), LONGEST_SECONDS)
        self._failures += 1
        self._not_said += 1
        now = time.monotonic()
        if now >= self._say_at:
            _say("the records wait: %s: %s (failures: %d)", type(error).__name__, error, self._not_said)
            self._say_at, self._not_said = now + _SAY_EVERY_SECONDS, 0
        return seconds


def _say(text: str, *values: object) -> None:
    """Log at debug. Who never imported `logging` hears nothing, and need not load it for us.

    Nor may this thread be the first to: `logging` has forks call it, and one that waits just then for
    `late.importing` would call only the half of it.
    """
    logging = sys.modules.get("logging")
    if logging is not None:
        logging.getLogger("collector.client").debug(text, *values)
