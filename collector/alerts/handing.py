"""What is handed over next: one alert after the other, and in a burst the rest of them as one."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any

from collector.alerts.sentences import summary

MOST_WAITING = 100
MOST_A_MINUTE = 10
MINUTE_SECONDS = 60.0

Told = Mapping[str, Any]


class Handing:
    """A bounded queue that gives at most ten a minute; what is too many for that waits and becomes one.

    Not locked.
    """

    def __init__(self) -> None:
        self._waiting: deque[Told] = deque()
        self._handed: deque[float] = deque(maxlen=MOST_A_MINUTE)
        self._held_back = False

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, alert: Told) -> bool:
        """Queue one; False when there is no room."""
        if len(self._waiting) >= MOST_WAITING:
            return False
        self._waiting.append(alert)
        return True

    def pause(self, monotonic: float) -> float:
        """Seconds until the next may go, 0 for now. Whatever waits when it must, goes as one then."""
        if len(self._handed) < MOST_A_MINUTE:
            return 0.0
        seconds = max(0.0, self._handed[0] + MINUTE_SECONDS - monotonic)
        self._held_back = self._held_back or seconds > 0
        return seconds

    def take(self, monotonic: float, *, all_at_once: bool = False) -> tuple[Told, int]:
        """What goes now, and how many alerts that is; there must be one.

        All that was held back goes as one, as it does when they are wanted at once.
        """
        count = len(self._waiting) if all_at_once or self._held_back else 1
        alerts = [self._waiting.popleft() for _ in range(count)]
        self._handed.append(monotonic)
        self._held_back = False
        return (alerts[0] if count == 1 else folded(alerts)), count


def folded(alerts: list[Told]) -> Told:
    """Many as one: of no single subject, with the sentence of all, and all of them in ``alerts``."""
    return {
        "timestamp": alerts[-1]["timestamp"],
        "subject_kind": None,
        "subject": f"{len(alerts)} subjects",
        "concern": None,
        "from_state": None,
        "to_state": "changed",
        "details": None,
        "sentence": summary([alert["sentence"] for alert in alerts]),
        "alerts": alerts,
    }
