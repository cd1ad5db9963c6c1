"""What got slower or faster for good, and when a slowdown is mended: by the changes that are confirmed."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any, Literal, NamedTuple

from collector.alerts.turn import OK, RECOVERED, Turn

Direction = Literal["slower", "faster"]
Whose = tuple[str, str]


class _Level(NamedTuple):
    """The state after the last change. ``normal``: the level to come back to, in the figure's unit.

    ``slower_since_ms`` is None where nothing is to be mended.
    """

    state: str
    normal: float | None = None
    slower_since_ms: int | None = None


class Levels:
    """One level a subject, and none for those that came back or never changed.

    ``floor`` is a share of the level before: what comes within it is back. Not locked.
    """

    def __init__(self, floor: float) -> None:
        self.floor = floor
        self._levels: dict[Whose, _Level] = {}

    def begin(self, whose: Whose, state: str, details: Mapping[str, Any]) -> None:
        """The state after the last change before the start."""
        self._levels[whose] = _Level(state, _figure(details, "normal"), details.get("slower_since_ms"))

    def changed(self, whose: Whose, direction: Direction, at_ms: int, details: Mapping[str, Any]) -> Turn:
        """A change was confirmed; ``details`` hold the medians ``before`` and ``after``."""
        before = self._levels.pop(whose, _Level(OK))
        after = _slower(before, at_ms, details) if direction == "slower" else self._faster(before, details)
        if after.state != RECOVERED:
            self._levels[whose] = after
        kept = {"normal": after.normal, "slower_since_ms": after.slower_since_ms}
        return Turn(at_ms, *whose, "change", before.state, after.state, {**details, **kept})

    def standing(self) -> Iterator[tuple[Whose, int]]:
        """What is slower than it was, and since when (ms)."""
        for whose, level in self._levels.items():
            if level.slower_since_ms is not None:
                yield whose, level.slower_since_ms

    def _faster(self, before: _Level, details: Mapping[str, Any]) -> _Level:
        """Back to normal, beyond it, or only part of the way."""
        normal, after = before.normal, _figure(details, "after")
        if normal is None or after is None:
            return _Level("got_faster")
        if abs(after - normal) <= self.floor * abs(normal):
            return _Level(RECOVERED)
        # More tokens a second are faster, more milliseconds are not: the change itself says which.
        upwards = after > (_figure(details, "before") or 0.0)
        if (after > normal) == upwards:
            return _Level("got_faster")
        return _Level("got_faster", normal, before.slower_since_ms)


def _slower(before: _Level, at_ms: int, details: Mapping[str, Any]) -> _Level:
    """Slower again is measured by the level before the first time."""
    if before.slower_since_ms is not None:
        return before._replace(state="got_slower")
    return _Level("got_slower", _figure(details, "before"), at_ms)


def _figure(details: Mapping[str, Any], name: str) -> float | None:
    value = details.get(name)
    return float(value) if isinstance(value, (int, float)) and math.isfinite(value) else None
