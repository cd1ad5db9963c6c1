"""Counts in logarithmic buckets, from which a percentile comes within 1 %, and which can be added up.

After DDSketch (Masson, Rim, Lee: DDSketch, VLDB 2019): bucket i holds values from γ^(i-1) to γ^i with
γ = (1 + ε) / (1 - ε), and 2γ^i / (γ + 1) is within ε of every value in it.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from itertools import accumulate

ERROR = 0.01
GAMMA = (1 + ERROR) / (1 - ERROR)
_PER_LN = 1 / math.log(GAMMA)
# What is smaller counts as nothing: no clock of ours can tell it from zero.
SMALLEST = 1e-9
ZERO = math.ceil(math.log(SMALLEST) * _PER_LN)

Buckets = dict[int, int]


def bucket_of(value: float) -> int:
    """The bucket that a value of zero or more belongs to."""
    return math.ceil(math.log(max(value, SMALLEST)) * _PER_LN)


def bucket_sql(column: str) -> str:
    """The same, for SQLite to work out."""
    return f"CAST(ceil(ln(max({column}, {SMALLEST})) * {_PER_LN!r}) AS INTEGER)"


def value_of(bucket: int) -> float:
    """The value that stands for all in a bucket, within 1 % of each."""
    return 0.0 if bucket <= ZERO else 2 * GAMMA**bucket / (GAMMA + 1)


def add(into: Buckets, values: Iterable[float]) -> None:
    """Count more values."""
    for value in values:
        bucket = bucket_of(value)
        into[bucket] = into.get(bucket, 0) + 1


def merge(into: Buckets, more: Iterable[tuple[int, int]]) -> None:
    """Add the buckets and counts of another sketch."""
    known = into.get
    for bucket, count in more:
        into[bucket] = known(bucket, 0) + count


def percentiles(buckets: Mapping[int, int], fractions: Iterable[float]) -> list[float | None]:
    """Values below which the ``fractions`` (0 to 1, rising) lie, by interpolation between ranks."""
    ordered = sorted(buckets)
    seen = list(accumulate(buckets[bucket] for bucket in ordered))
    return [_percentile(ordered, seen, fraction) if seen else None for fraction in fractions]


def _percentile(ordered: list[int], seen: list[int], fraction: float) -> float:
    """``seen`` are the counts up to each bucket; ranks count from zero."""
    rank = fraction * (seen[-1] - 1)
    below, above = (value_of(ordered[bisect_right(seen, r)]) for r in (math.floor(rank), math.ceil(rank)))
    return below + (above - below) * (rank - math.floor(rank))
