"""What a detector's steps are worth, against what is true."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from benchmarks.noise.generated import NEAR, Series

FLOOR = 0.03
# First run after each step, and whether it is slower from there.
Steps = list[tuple[int, bool]]


def alarmed(_: Series, steps: Steps) -> bool:
    """Any step is an alarm where nothing changed."""
    return bool(steps)


def found(series: Series, steps: Steps) -> bool:
    """Whether the first change of the series is among the steps."""
    true_at, slower = series.changes[0]
    return any(abs(at - true_at) <= NEAR and goes == slower for at, goes in steps)


def told(values: Sequence[float], breaks: Sequence[int]) -> Steps:
    """Breaks as steps: by the medians of the segments, those of less than 3 % dropped."""
    borders = [0, *breaks, len(values)]
    levels = [statistics.median(values[start:end]) for start, end in pairwise(borders)]
    return [
        (at, after > before)
        for at, before, after in zip(breaks, levels, levels[1:], strict=False)
        if max(before, after) >= (1 + FLOOR) * min(before, after)
    ]


@dataclass(frozen=True)
class Outcome:
    """So many of so many."""

    hits: int
    count: int

    @classmethod
    def of(
        cls, score: Callable[[Series, Steps], bool], series: Sequence[Series], steps: Sequence[Steps]
    ) -> Outcome:
        """Score as many series as there are answers."""
        return cls(sum(score(one, its) for one, its in zip(series, steps, strict=False)), len(steps))

    @property
    def percent(self) -> float:
        """0 of no series."""
        return 100 * self.hits / max(1, self.count)

    @property
    def margin(self) -> str:
        """The 95 % interval of the share (Wilson 1927), and of how many series."""
        n, share, z = max(1, self.count), self.percent / 100, 1.96
        middle = (share + z * z / (2 * n)) / (1 + z * z / n)
        off = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
        return f"{max(0.0, middle - off):.1%} to {min(1.0, middle + off):.1%}, {self.count} series"
