"""What is usual of a figure, and whether one stands out from it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from collector.answers.percentiles import percentile
from collector.answers.rolled import Rolled

# Of fewer values than this nobody can say what is usual.
ENOUGH = 8
# What a time has to differ by from the usual one before it is asked why.
LEAST_MS, LEAST_SHARE = 0.05, 0.03

Side = Literal["above", "below"]
Concern = Literal["cpu", "memory", "io", "disk", "heat", "clock", "power", "network", "space", "work"]


@dataclass(frozen=True, slots=True)
class Measure:
    """A figure of the machine or of a run: ``name`` is its column, and ``unit`` what it is counted in.

    ``worse`` is the side that slows work down; None: both matter. A value stands out when it lies beyond
    the usual by ``least`` (in its unit), and by ``share`` of the median. ``basic`` ones are always shown.
    """

    name: str
    label: str
    unit: str
    concern: Concern
    worse: Side | None = "above"
    least: float = 0.0
    share: float = 0.0
    basic: bool = False

    @property
    def column_name(self) -> str:
        """What `collector.figures` asks of a column."""
        return self.name


@dataclass(frozen=True, slots=True)
class Range:
    """Where values usually lie: the 10th, 50th and 90th percentile of ``count``."""

    low: float
    median: float
    high: float
    count: int


def of_values(values: Iterable[float | None]) -> Range | None:
    """The range of single values; None of fewer than 8."""
    known = [float(value) for value in values if value is not None]
    low, median, high = (percentile(known, fraction) for fraction in (0.1, 0.5, 0.9))
    if len(known) < ENOUGH or low is None or median is None or high is None:
        return None
    return Range(low, median, high, len(known))


def of_stretches(stretches: Sequence[Rolled]) -> Range | None:
    """The usual range of a stretch: medians of its ends, so that one odd day does not widen it."""
    ranges = [
        [stretch.percentile(fraction) for fraction in (0.1, 0.5, 0.9)]
        for stretch in stretches
        if stretch.count
    ]
    count = sum(stretch.count for stretch in stretches)
    ends = [percentile([end for end in each if end is not None], 0.5) for each in zip(*ranges, strict=True)]
    if count < ENOUGH or len(ends) < 3 or ends[0] is None or ends[1] is None or ends[2] is None:
        return None
    return Range(ends[0], ends[1], ends[2], count)


def stands_out(measure: Measure, value: float | None, usual: Range | None) -> Side | None:
    """On which side the value lies beyond all that is usual; None where it does not, or nobody knows.

    The fence lies as far outside the 10th or 90th percentile as that lies from the median: of values
    spread like a bell, one of 100 lies beyond it.
    """
    if value is None or usual is None:
        return None
    least = max(measure.least, measure.share * abs(usual.median))
    above = value > usual.high + max(least, usual.high - usual.median)
    below = value < usual.low - max(least, usual.median - usual.low)
    side: Side | None = "above" if above else "below" if below else None
    return side if measure.worse in (None, side) else None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a time lies among others: how many took less, and longer (shares of 0 to 1).

    ``beyond`` is the side where it lies outside the 5th to 95th percentile, ``stands_out`` the same where
    it is also far enough from the median to matter; both None of fewer than 8.
    """

    median: float | None
    p95: float | None
    slower_than: float | None
    faster_than: float | None
    beyond: Side | None
    stands_out: Side | None


def place(took_ms: float, others: Sequence[float]) -> Place:
    """Where a time lies among ``others``. What took just as long is neither quicker nor slower."""
    low, median, p95 = (percentile(others, fraction) for fraction in (0.05, 0.5, 0.95))
    if low is None or median is None or p95 is None:
        return Place(None, None, None, None, None, None)
    beyond: Side | None = None
    if len(others) >= ENOUGH:
        beyond = "above" if took_ms > p95 else "below" if took_ms < low else None
    matters = abs(took_ms - median) >= max(LEAST_MS, LEAST_SHARE * median)
    return Place(
        median,
        p95,
        sum(value < took_ms for value in others) / len(others),
        sum(value > took_ms for value in others) / len(others),
        beyond,
        beyond if matters else None,
    )
