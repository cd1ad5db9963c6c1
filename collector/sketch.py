"""Counts in logarithmic buckets, from which a percentile comes within 1 %, and which can be added up.

After DDSketch (Masson, Rim, Lee: DDSketch, VLDB 2019): bucket i holds values from γ^(i-1) to γ^i with
γ = (1 + ε) / (1 - ε), and 2γ^i / (γ + 1) is within ε of every value in it. Values below zero are in the
mirror image of these, on the other side of the bucket of zero: so the buckets are in the order of the values.
"""

from __future__ import annotations

import math
import sys
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

# The largest count that `pack` writes as one number.
_MOST = sys.maxunicode + 2


def bucket_of(value: float) -> int:
    """The bucket that a value belongs to."""
    if value < 0:
        return 2 * ZERO - bucket_of(-value)
    return math.ceil(math.log(max(value, SMALLEST)) * _PER_LN)


def bucket_sql(column: str) -> str:
    """The same of a value of zero or more, for SQLite to work out."""
    return f"CAST(ceil(ln(max({column}, {SMALLEST})) * {_PER_LN!r}) AS INTEGER)"


def value_of(bucket: int) -> float:
    """The value that stands for all in a bucket, within 1 % of each."""
    if bucket < ZERO:
        return -value_of(2 * ZERO - bucket)
    return 0.0 if bucket == ZERO else 2 * GAMMA**bucket / (GAMMA + 1)


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


def pack(buckets: Mapping[int, int]) -> bytes:
    """A sketch in few bytes, mostly one a bucket; for `merge_packed`.

    First where the first bucket is, then of each how far it lies behind the one before, doubled, and one more
    where its count follows, less two; else that is one. Written as UTF-8, since Python reads numbers in no
    other form of varying length as fast.
    """
    numbers: list[int] = []
    last: int | None = None
    for bucket in sorted(buckets):
        if last is None:
            last = bucket
            numbers.append(2 * bucket if bucket >= 0 else -2 * bucket - 1)
        count = buckets[bucket]
        while count > 1:  # what is too much for one number comes as the same bucket once more
            some = min(count, _MOST)
            numbers += (2 * (bucket - last) + 1, some - 2)
            count, last = count - some, bucket
        if count:
            numbers.append(2 * (bucket - last))
        last = bucket
    return "".join(map(chr, numbers)).encode("utf-8", "surrogatepass")


def merge_packed(into: Buckets, data: bytes) -> None:
    """Add a sketch as `pack` made it. Raises ValueError, and adds a part of it, when it is none."""
    numbers = map(ord, data.decode("utf-8", "surrogatepass"))
    first = next(numbers, 0)
    bucket = -(first + 1) // 2 if first & 1 else first // 2
    known = into.get
    for number in numbers:
        bucket += number >> 1
        count = 1
        if number & 1:
            count = next(numbers, -2) + 2
            if not count:
                raise ValueError("the sketch is cut off")
        into[bucket] = known(bucket, 0) + count
