"""What got slower for good, and when that ends: by the changes that are confirmed."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any, Literal, NamedTuple

from collector.alerts.turn import OK, RECOVERED, Turn

Direction = Literal["slower", "faster"]
# Why something ends that no other change has mended.
Reason = Literal["gone", "accepted"]
Whose = tuple[str, str]


class Standing(NamedTuple):
    """What is slower since its change with the number ``first_id``, until other changes end it."""

    subject_kind: str
    subject: str
    first_id: int


class _Level(NamedTuple):
    """The state after the last change. ``normal``: the level to come back to, in the figure's unit.

    ``slower_since_ms`` is None where nothing is to be mended; ``first_id`` is the change it began with.
    """

    state: str
    normal: float | None = None
    slower_since_ms: int | None = None
    first_id: int | None = None


class Levels:
    """One level for each subject that is slower than it was: what only got faster is as it should be.

    ``floor`` is a share of the level before: what comes within it is back. Not locked.
    """

    def __init__(self, floor: float) -> None:
        self.floor = floor
        self._levels: dict[Whose, _Level] = {}

    def begin(self, whose: Whose, state: str, details: Mapping[str, Any]) -> None:
        """The state after the last change before the start."""
        since_ms = details.get("slower_since_ms")
        self._set(whose, _Level(state, _figure(details, "normal"), since_ms, details.get("first_id")))

    def changed(
        self, whose: Whose, direction: Direction, at_ms: int, details: Mapping[str, Any], now_ms: int
    ) -> Turn | None:
        """A change was confirmed; None where the state stays what it is, such as slower still.

        ``details`` hold its number ``id`` and the medians ``before`` and ``after``.
        """
        before = self._levels.get(whose, _Level(OK))
        after = _slower(before, at_ms, details) if direction == "slower" else self._faster(before, details)
        if after.state == before.state:
            if after.slower_since_ms == before.slower_since_ms:
                return None
            after = _Level(RECOVERED)  # faster than before, and now than ever
        self._set(whose, after)
        kept = {"at_ms": at_ms, **after._asdict()}
        del kept["state"]
        return Turn(now_ms, *whose, "change", before.state, after.state, {**details, **kept})

    def by_changes(self) -> list[Standing]:
        """What stands by changes whose numbers are known."""
        return [
            Standing(*whose, level.first_id)
            for whose, level in self._levels.items()
            if level.first_id is not None
        ]

    def ended(self, one: Standing, reason: Reason, now_ms: int) -> Turn | None:
        """Its changes are gone, or were accepted; None where it does not stand any more."""
        level = self._levels.pop((one.subject_kind, one.subject), None)
        if level is None:
            return None
        details = {"reason": reason, "first_id": one.first_id}
        return Turn(now_ms, one.subject_kind, one.subject, "change", level.state, RECOVERED, details)

    def standing(self) -> Iterator[tuple[Whose, int]]:
        """What is slower than it was, and since when (ms)."""
        for whose, level in self._levels.items():
            if level.slower_since_ms is not None:
                yield whose, level.slower_since_ms

    def _set(self, whose: Whose, level: _Level) -> None:
        if level.slower_since_ms is None:
            self._levels.pop(whose, None)
        else:
            self._levels[whose] = level

    def _faster(self, before: _Level, details: Mapping[str, Any]) -> _Level:
        """Back to normal, beyond it, or only part of the way."""
        normal, after = before.normal, _figure(details, "after")
        got_faster = _Level("got_faster", first_id=details.get("id"))
        if normal is None or after is None:
            return got_faster
        if abs(after - normal) <= self.floor * abs(normal):
            return _Level(RECOVERED)
        # More tokens a second are faster, more milliseconds are not: the change itself says which.
        upwards = after > (_figure(details, "before") or 0.0)
        if (after > normal) == upwards:
            return got_faster
        return before._replace(state="got_faster")


def _slower(before: _Level, at_ms: int, details: Mapping[str, Any]) -> _Level:
    """Slower again is measured by the level before the first time."""
    if before.slower_since_ms is not None:
        return before._replace(state="got_slower")
    return _Level("got_slower", _figure(details, "before"), at_ms, details.get("id"))


def _figure(details: Mapping[str, Any], name: str) -> float | None:
    value = details.get(name)
    return float(value) if isinstance(value, (int, float)) and math.isfinite(value) else None
