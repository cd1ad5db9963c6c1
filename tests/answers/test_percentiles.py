"""Percentiles are those of PERCENTILE_CONT."""

from __future__ import annotations

import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.answers.percentiles import percentile

FIGURES = st.lists(st.floats(0, 1e9), min_size=2, max_size=50)


@pytest.mark.parametrize(
    ("values", "fraction", "expected"),
    [
        ([10.0], 0.95, 10.0),
        ([1.0, 2.0], 0.5, 1.5),
        ([3.0, 1.0, 2.0], 0.5, 2.0),
        ([float(n) for n in range(1, 101)], 0.95, 95.05),
        ([5.0, 7.0], 0.0, 5.0),
        ([5.0, 7.0], 1.0, 7.0),
    ],
)
def test_values_between_ranks_are_interpolated(values: list[float], fraction: float, expected: float) -> None:
    """By hand: rank = fraction × (n - 1)."""
    assert expected == pytest.approx(percentile(values, fraction))


def test_of_nothing_there_is_none() -> None:
    """No runs, no percentile: never a zero."""
    assert percentile([], 0.5) is None


@given(FIGURES)
def test_it_agrees_with_the_standard_library(values: list[float]) -> None:
    """`statistics.quantiles(method="inclusive")` is the same definition."""
    expected = statistics.quantiles(values, n=20, method="inclusive")
    assert expected == pytest.approx([percentile(values, n / 20) for n in range(1, 20)])
