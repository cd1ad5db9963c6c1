"""Values as logarithms: a change by a factor has one size there, whichever way it goes."""

from __future__ import annotations

from collections.abc import Sequence
from math import log

# No clock tells values apart that are farther apart than this.
WIDEST = 1e-12


def logs(values: Sequence[float]) -> list[float]:
    """Natural logarithms; a zero counts as half the smallest value above it (a clock that ticks coarsely)."""
    least = min((value for value in values if value > 0), default=1.0) / 2
    least = max(least, max(values) * WIDEST, 1e-300)
    return [log(max(value, least)) for value in values]


def median(values: Sequence[float]) -> float:
    """The middle value; of an even number, the mean of the two in the middle."""
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2
