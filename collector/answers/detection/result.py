"""What the search gives back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from collector.answers.percentiles import percentile

Verdict = Literal["slower", "faster", "same", "too few"]


@dataclass(frozen=True, slots=True)
class Level:
    """What a stretch of runs is like, in the unit of the values."""

    count: int
    median: float
    p95: float


@dataclass(frozen=True, slots=True)
class Step:
    """A lasting change of level between two neighbouring runs."""

    index: int
    """Position of the first run after the change."""
    before: Level
    """The segment before it, back to the change before that."""
    after: Level
    """The segment after it, up to the next change or the end."""
    ratio: float
    """After by before, of the medians: without the drift or the hours of the day, where the series has
    those, and with half of the smallest value for a zero."""
    low: float
    high: float
    """95 % confidence interval of the ratio, widened for autocorrelation."""
    state: Literal["provisional", "confirmed"]
    """4 to 7 runs after it, or 8 and more."""


@dataclass(frozen=True, slots=True)
class Found:
    """All changes of a series, and why there are none when there are none."""

    steps: tuple[Step, ...]
    segments: tuple[tuple[int, int], ...]
    """``[start, end)`` of each level."""
    verdict: Literal["steps", "steady", "too few", "drifts", "daily"]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two sets of runs against each other."""

    before: Level
    after: Level
    ratio: float
    """After by before, of the (geometric) means of the middle halves."""
    low: float
    high: float
    """95 % confidence interval of the ratio, widened for autocorrelation."""
    verdict: Verdict


def level_of(values: Sequence[float]) -> Level:
    """Count, median and 95th percentile; zeros when there are no values."""
    return Level(len(values), percentile(values, 0.5) or 0.0, percentile(values, 0.95) or 0.0)
