"""Whether a series of runs made a step at a moment: no ramp, and no step at another time. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from collector.answers.causes.level import FARTHEST, FINEST
from collector.answers.causes.move import median, move

# What is so near on each side is compared; and as much beyond it has to be on the same level.
NEAREST = 12
# Three runs a side lie apart by chance in one case of ten, and the canary decides over the code.
FEWEST = 4
# Two runs at least make a level where the step may be elsewhere.
FEWEST_ELSEWHERE = 2
# A moment that is less likely than another by e to the power of this is the wrong one. A single run, which
# may be slow by chance, is worth no more.
UNLIKELY = 3.0
# What lies beyond the nearest runs is on another level where it is so much of the step away.
MUCH = 0.5


@dataclass(frozen=True, slots=True)
class Sides:
    """A series (logarithms) around a moment: ``at`` is the first run after it.

    ``first`` and ``end`` bound the runs next to it.
    """

    logs: Sequence[float]
    first: int
    at: int
    end: int

    @property
    def is_few(self) -> bool:
        """Whether a side has too few runs to tell anything."""
        return min(self.at - self.first, self.end - self.at) < FEWEST

    @property
    def before(self) -> Sequence[float]:
        """The nearest runs before it."""
        return self.logs[self.first : self.at]

    @property
    def after(self) -> Sequence[float]:
        """The nearest runs after it."""
        return self.logs[self.at : self.end]


def sides(logs: Sequence[float], earliest: int, latest: int) -> Sides:
    """Both sides of the likeliest step that has its first run at ``earliest`` to ``latest``."""
    first, end = max(0, earliest - NEAREST), min(len(logs), latest + NEAREST)
    places = range(max(earliest, first + 1), min(latest, end - 1) + 1)
    costs = {at: _cost(logs[first:at]) + _cost(logs[at:end]) for at in places}
    return Sides(logs, first, min(places, key=costs.__getitem__, default=earliest), end)


def is_step(found: Sides, floor: float) -> bool:
    """Whether the runs lie apart by ``floor`` or more, and a step then is what tells it best."""
    return (
        not found.is_few
        and move(found.before, found.after, floor).moved is True
        and _is_then(found)
        and not _goes_on(found, found.logs[max(0, found.first - NEAREST) : found.first], found.before, floor)
        and not _goes_on(found, found.logs[found.end : found.end + NEAREST], found.after, floor)
    )


def _is_then(found: Sides) -> bool:
    """Not at another time among these runs, and not all the time."""
    near, at = [*found.before, *found.after], len(found.before)
    scale = max(FINEST, (_cost(found.before) + _cost(found.after)) / len(near))
    here = _cost(near[:at], scale) + _cost(near[at:], scale)
    elsewhere = min(
        _cost(near[:other], scale) + _cost(near[other:], scale)
        for other in range(FEWEST_ELSEWHERE, len(near) - FEWEST_ELSEWHERE + 1)
    )
    return here - elsewhere <= UNLIKELY * scale and here <= _cost(_without_line(near), scale)


def _goes_on(found: Sides, beyond: Sequence[float], near: Sequence[float], floor: float) -> bool:
    """Whether the runs beyond the nearest ones are on a level of their own: a ramp, or one step of many."""
    if len(beyond) < FEWEST or move(beyond, near, floor).moved is not True:
        return False
    return abs(median(near) - median(beyond)) >= MUCH * abs(median(found.after) - median(found.before))


def _cost(level: Sequence[float], scale: float = float("inf")) -> float:
    """How far runs lie from their median in all, each by no more than a few times ``scale``."""
    middle = median(level)
    return sum([min(abs(value - middle), FARTHEST * scale) for value in level])


def _without_line(logs: Sequence[float]) -> list[float]:
    """What is left without the line through the runs: the median of all slopes (Theil 1950)."""
    count = len(logs)
    slopes = [(logs[j] - logs[i]) / (j - i) for i in range(count) for j in range(i + 1, count)]
    slope = median(slopes)
    return [value - slope * i for i, value in enumerate(logs)]
