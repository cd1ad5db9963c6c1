"""The sketch: percentiles within 1 %, whatever the values, in one piece or in many."""

from __future__ import annotations

import math
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector import sketch
from collector.sketch import Buckets
from collector.sqlite import sqlite3

# From what a clock can tell to 30,000 years in milliseconds.
values = st.one_of(
    st.just(0.0), st.floats(min_value=0, max_value=1e15), st.floats(min_value=1e-9, max_value=1e4)
)
fractions = st.floats(min_value=0, max_value=1)


def sketched(many: list[float]) -> Buckets:
    """A sketch of the values."""
    buckets: Buckets = {}
    sketch.add(buckets, many)
    return buckets


@given(st.lists(values, min_size=1, max_size=200), fractions)
def test_a_percentile_lies_within_one_percent(many: list[float], fraction: float) -> None:
    """Of the values around its rank; what no clock can tell from nothing counts as nothing."""
    (found,) = sketch.percentiles(sketched(many), [fraction])
    ordered, rank = sorted(many), fraction * (len(many) - 1)
    low, high = ordered[math.floor(rank)], ordered[math.ceil(rank)]
    assert found is not None
    assert low * (1 - sketch.ERROR) - 2 * sketch.SMALLEST <= found
    assert found <= high * (1 + sketch.ERROR) * (1 + 1e-12) + 2 * sketch.SMALLEST


@given(st.lists(values, max_size=100), st.lists(values, max_size=100))
def test_two_sketches_merged_are_the_sketch_of_all(one: list[float], other: list[float]) -> None:
    """Not nearly: bucket by bucket."""
    merged = sketched(one)
    sketch.merge(merged, sketched(other).items())
    assert merged == sketched(one + other)


@given(st.lists(values, min_size=1, max_size=200))
def test_sql_counts_in_the_same_buckets(many: list[float]) -> None:
    """A digest made by SQLite and one made here can be added up."""
    conn = sqlite3.connect(":memory:")
    conn.execute("CREATE TABLE t (v REAL)")
    conn.executemany("INSERT INTO t VALUES (?)", [(value,) for value in many])
    found = conn.execute(f"SELECT {sketch.bucket_sql('v')}, count(*) FROM t GROUP BY 1").fetchall()
    conn.close()
    assert dict(found) == sketched(many)


@given(values)
def test_a_value_is_within_one_percent_of_its_bucket(value: float) -> None:
    """The bound that everything else follows from."""
    found = sketch.value_of(sketch.bucket_of(value))
    assert found == pytest.approx(value, rel=sketch.ERROR * (1 + 1e-9), abs=2 * sketch.SMALLEST)


def test_zero_and_the_unmeasurably_small_are_zero() -> None:
    """They have one bucket, and it stands for nothing at all."""
    assert sketch.bucket_of(0.0) == sketch.bucket_of(1e-12) == sketch.ZERO
    assert sketch.percentiles(sketched([0.0, 0.0, 1e-300]), [0, 0.5, 1]) == [0.0, 0.0, 0.0]


def test_nothing_has_no_percentile() -> None:
    """One for each that was asked for."""
    assert sketch.percentiles({}, [0.5, 0.99]) == [None, None]


def test_between_two_ranks_it_is_interpolated() -> None:
    """As the exact percentiles are: half-way between one and a thousand."""
    (found,) = sketch.percentiles(sketched([1.0, 1000.0]), [0.5])
    assert found == pytest.approx(500.5, rel=sketch.ERROR)


@given(st.floats(-1e15, 1e15), st.floats(-1e15, 1e15))
def test_values_below_zero_have_buckets_of_their_own(one: float, other: float) -> None:
    """The mirror image of those above it, in the order of the values, each within 1 %."""
    low, high = sorted((one, other))
    assert sketch.bucket_of(low) <= sketch.bucket_of(high)
    found = sketch.value_of(sketch.bucket_of(low))
    assert found == pytest.approx(low, rel=sketch.ERROR * (1 + 1e-9), abs=2 * sketch.SMALLEST)


def test_a_percentile_of_frost_and_heat_lies_between_them() -> None:
    """Half of the values are below zero."""
    found = sketch.percentiles(sketched([-20.0, -10.0, 0.0, 10.0, 20.0]), [0, 0.25, 0.5, 1])
    assert found == [pytest.approx(value, rel=sketch.ERROR) for value in (-20, -10, 0, 20)]


counts = st.integers(1, 40) | st.integers(1, 5_000_000)


@given(st.dictionaries(st.integers(-4000, 4000), counts, max_size=40))
def test_a_packed_sketch_comes_back_as_it_was(buckets: Buckets) -> None:
    """Bucket by bucket, and added to what is there."""
    into = {5: 1}
    sketch.merge_packed(into, sketch.pack(buckets))
    sketch.merge(buckets, [(5, 1)])
    assert into == buckets


def test_a_packed_sketch_is_small() -> None:
    """A byte a bucket where each has one value and they lie close together; and one for the first."""
    assert len(sketch.pack({7 * i: 1 for i in range(50)})) == 51
    assert sketch.pack({}) == b""


@pytest.mark.parametrize("data", [b"\x00\x03", b"\xff"])
def test_what_is_no_sketch_is_refused(data: bytes) -> None:
    """It ends where a count should follow, or is no UTF-8."""
    with pytest.raises(ValueError, match=r"cut off|utf-8"):
        sketch.merge_packed({}, data)


runs = st.builds(
    lambda first, many: {first + n: count for n, count in enumerate(many)},
    st.integers(-2000, 2000), st.lists(st.integers(0, 9) | counts, max_size=30),
).map(lambda found: {bucket: count for bucket, count in found.items() if count})  # fmt: skip


@given(st.lists(runs | st.dictionaries(st.integers(-4000, 4000), counts, max_size=20), max_size=8))
def test_many_sketches_at_once_are_what_they_are_one_by_one(many: list[Buckets]) -> None:
    """With buckets close together and far apart, and counts of every size."""
    one_by_one: Buckets = {}
    for buckets in many:
        sketch.merge(one_by_one, buckets.items())
    assert sketch.merged([sketch.pack(buckets) for buckets in many]) == one_by_one


def test_more_sketches_than_a_lane_has_room_for_are_added_in_turns() -> None:
    """The largest count that there is, again and again."""
    most = sys.maxunicode + 2
    one = dict.fromkeys(range(5), most)
    assert sketch.merged([sketch.pack(one)] * 4000) == dict.fromkeys(range(5), most * 4000)


@pytest.mark.parametrize("data", [b"\x00\x03", b"\xff"])
def test_what_is_no_sketch_is_refused_among_many(data: bytes) -> None:
    """As alone."""
    with pytest.raises(ValueError, match=r"cut off|utf-8"):
        sketch.merged([sketch.pack({1: 5}), data])
