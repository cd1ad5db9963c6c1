"""Whether a figure moved between two sets of runs: by how much, and more than by chance. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

# Of two values a side, the best that ranks can say is one in three by chance.
FEWEST = 3
# Normal quantile of 5 %, both ends: ranks are not alone, as the medians have to lie apart as well.
CERTAIN = 1.96
# A median absolute deviation times this is the standard deviation, where values are normal.
_NORMAL = 1.4826
# The standard error of a median, over that of a mean, where values are normal: sqrt(π / 2).
_OF_MEDIAN = 1.2533


@dataclass(frozen=True, slots=True)
class Move:
    """Medians of a figure on both sides of a change; ``moved`` is None where that cannot be told."""

    before: float | None
    after: float | None
    moved: bool | None

    @property
    def rise(self) -> float:
        """How far it rose; 0 where it did not move, negative where it fell."""
        if not self.moved or self.before is None or self.after is None:
            return 0.0
        return self.after - self.before

    def as_json(self) -> dict[str, Any]:
        """For the evidence."""
        return {"before": self.before, "after": self.after, "moved": self.moved}


def move(before: Sequence[float], after: Sequence[float], floor: float = 0.0) -> Move:
    """Compare two sets of values; less than ``floor``, in their unit, is no move, whatever chance says.

    It moved when ranks tell the sides apart, whatever the values' distribution, and the medians lie farther
    apart than single runs before usually do: neighbours in time are alike, which ranks take for evidence.
    Medians that lie apart where ranks do not leave it open.
    """
    if not before or not after:
        return Move(median(before) if before else None, median(after) if after else None, None)
    was, now = median(before), median(after)
    if min(len(before), len(after)) < FEWEST:
        return Move(was, now, None)
    apart = abs(now - was)
    if apart == 0 or apart < max(floor, spread(before)):
        return Move(was, now, moved=False)
    return Move(was, now, moved=_ranks_differ(before, after) or None)


def median(values: Sequence[float]) -> float:
    """The middle value, or the mean of the two in the middle."""
    ordered, half = sorted(values), len(values) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2


def spread(values: Sequence[float]) -> float:
    """The standard deviation as the median absolute deviation tells it: outliers do not count."""
    middle = median(values)
    return _NORMAL * median([abs(value - middle) for value in values])


def error_of_difference(before: Sequence[float], after: Sequence[float]) -> float:
    """The standard error of the difference of both medians."""
    return _OF_MEDIAN * math.hypot(
        spread(before) / math.sqrt(len(before)), spread(after) / math.sqrt(len(after))
    )


def _ranks_differ(before: Sequence[float], after: Sequence[float]) -> bool:
    """The test of Mann and Whitney. With few runs, it takes that no value lies on the other side."""
    few, many = len(before), len(after)
    above = sum((b < a) + (b == a) / 2 for b in before for a in after) / (few * many)
    by_chance = CERTAIN * math.sqrt((few + many + 1) / (12 * few * many))
    return abs(above - 0.5) >= min(by_chance, 0.5)
