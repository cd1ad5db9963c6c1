"""Two sets of runs against each other."""

from __future__ import annotations

import pytest

from collector.answers.detection import compare
from tests.answers.detection.made import noisy, stepped


@pytest.mark.parametrize(("factor", "verdict"), [(1.25, "slower"), (1 / 1.25, "faster"), (1.0, "same")])
def test_sets_of_runs_are_slower_faster_or_the_same(factor: float, verdict: str) -> None:
    """With the ratio of the medians inside its interval."""
    found = compare(noisy(1, 60), stepped(noisy(2, 60), factor, 0))
    assert verdict == found.verdict
    assert found.low < found.after.median / found.before.median < found.high
    assert found.ratio == pytest.approx(found.after.median / found.before.median)


def test_three_runs_on_a_side_are_too_few() -> None:
    """Whatever they are."""
    assert compare([1.0] * 3, [9.0] * 50).verdict == "too few"
    assert compare([1.0] * 50, []).verdict == "too few"


def test_a_sure_difference_below_the_floor_is_the_same() -> None:
    """2 % of a quiet figure, unless the floor is lower."""
    before, after = [100.0, 100.1] * 20, [102.0, 102.1] * 20
    assert (compare(before, after).verdict, compare(before, after, floor=0.01).verdict) == ("same", "slower")


def test_zeros_on_both_sides_are_the_same() -> None:
    """Nothing divides by them."""
    found = compare([0.0] * 10, [0.0] * 10)
    assert (found.ratio, found.verdict) == (1.0, "same")
