"""Counts in logarithmic buckets, from which a percentile comes within 1 %, and which can be added up.

After DDSketch (Masson, Rim, Lee: DDSketch, VLDB 2019): bucket i holds values from γ^(i-1) to γ^i with
γ = (1 + ε) / (1 - ε), and 2γ^i / (γ + 1) is within ε of every value in it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

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


def merge(into: Buckets, more: Mapping[int, int]) -> None:
    """Add the counts of another sketch."""
    for bucket, count in more.items():
        into[bucket] = into.get(bucket, 0) + count


def percentiles(buckets: Mapping[int, int], fractions: Iterable[float]) -> list[float | None]:
    """Values below which the ``fractions`` (0 to 1, rising) lie, by interpolation between ranks."""
    ordered = sorted(buckets.items())
    total = sum(count for _, count in ordered)
    return [_percentile(ordered, total, fraction) if total else None for fraction in fractions]


def _percentile(ordered: list[tuple[int, int]], total: int, fraction: float) -> float:
    rank = fraction * (total - 1)
    below, above = _at(ordered, math.floor(rank)), _at(ordered, math.ceil(rank))
    return below + (above - below) * (rank - math.floor(rank))


def _at(ordered: list[tuple[int, int]], rank: int) -> float:
    """The value at a rank that counts from zero."""
    seen = 0
    for bucket, count in ordered:
        seen += count
        if seen > rank:
            return value_of(bucket)
    return value_of(ordered[-1][0])
