"""Counts in logarithmic buckets, from which a percentile comes within 1 %, and which can be added up.

After DDSketch (Masson, Rim, Lee: DDSketch, VLDB 2019): bucket i holds values from γ^(i-1) to γ^i with
γ = (1 + ε) / (1 - ε), and 2γ^i / (γ + 1) is within ε of every value in it. Values below zero are in the
mirror image of these, on the other side of the bucket of zero: so the buckets are in the order of the values.
"""

from __future__ import annotations

import math
import re
import sys
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
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
# Buckets right behind each other, each with a count; how such a one begins; and how many sketches may be
# added up in lanes of 32 bits.
_NEXT = 3
_RUN = re.compile(f"(?:{chr(_NEXT)}.)+", re.DOTALL)
_MOST_ADDED = (1 << 32) // _MOST

# A bucket, and the counts from there on, less two each.
_Run = tuple[int, str]


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


def merged(many: Sequence[bytes]) -> Buckets:
    """All of these sketches, as `pack` made them, in half the time. Raises ValueError when one is none."""
    into: Buckets = defaultdict(int)
    for at in range(0, len(many), _MOST_ADDED):
        runs: list[_Run] = []
        for data in many[at : at + _MOST_ADDED]:
            runs += _unpacked(into, data)
        _add_runs(into, runs)
    return dict(into)


def _unpacked(into: Buckets, data: bytes) -> Iterator[_Run]:
    """Give the runs of a sketch, and count all buckets that are in none; ``into`` knows a zero for each."""
    text = data.decode("utf-8", "surrogatepass")
    numbers = memoryview(text.encode("utf-32-le", "surrogatepass")).cast("I")
    at, end = 1, len(numbers)
    first = numbers[0] if end else 0
    bucket = -(first + 1) // 2 if first & 1 else first // 2
    while at < end:
        number = numbers[at]
        bucket += number >> 1
        if not number & 1:
            into[bucket] += 1
            at += 1
        elif at < end - 5 and numbers[at + 2] == _NEXT == numbers[at + 4]:
            run = _RUN.match(text, at + 2)
            counts = text[at + 1 : run.end() if run else at + 2 : 2]
            yield bucket, counts
            bucket += len(counts) - 1
            at += 2 * len(counts)
        elif at + 1 < end:
            into[bucket] += numbers[at + 1] + 2
            at += 2
        else:
            raise ValueError("the sketch is cut off")


def _add_runs(into: Buckets, runs: list[_Run]) -> None:
    """Add runs up as large numbers, with 32 bits a bucket, since Python adds these fastest."""
    if not runs:
        return
    base = min(bucket for bucket, _ in runs)
    width = max(bucket + len(counts) for bucket, counts in runs) - base
    total, left_out = 0, [0] * (width + 1)
    for bucket, counts in runs:
        lanes = counts.encode("utf-32-le", "surrogatepass")
        total += int.from_bytes(lanes, "little") << 32 * (bucket - base)
        left_out[bucket - base] += 2
        left_out[bucket - base + len(counts)] -= 2
    lanes_of_all = memoryview(total.to_bytes(4 * width, "little")).cast("I")
    for bucket, (count, more) in enumerate(zip(lanes_of_all, accumulate(left_out), strict=False), base):
        if count or more:
            into[bucket] += count + more
