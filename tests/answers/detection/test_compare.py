"""Two sets of runs against each other."""

from __future__ import annotations

import math
import random

import pytest

from collector.answers.detection import compare
from tests.answers.detection.made import noisy, stepped


@pytest.mark.parametrize(("factor", "verdict"), [(1.25, "slower"), (1 / 1.25, "faster"), (1.0, "same")])
def test_sets_of_runs_are_slower_faster_or_the_same(factor: float, verdict: str) -> None:
    """With the ratio of the medians inside the interval, and that of the middle halves near it."""
    found = compare(noisy(1, 60), stepped(noisy(2, 60), factor, 0))
    assert verdict == found.verdict
    assert found.low < found.after.median / found.before.median < found.high
    assert found.ratio == pytest.approx(found.after.median / found.before.median, rel=0.05)


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


def halves(kind: str, seed: int, runs: int) -> tuple[list[float], list[float]]:
    """Two sets of so many runs of one distribution, on few levels."""
    rng = random.Random(seed)
    draw = {
        "two ticks of a clock": lambda: rng.choice((10.0, 11.0)),
        "whole ms": lambda: float(round(rng.gauss(10.5, 0.4))),
        "two modes": lambda: rng.choice((10, 15)) * math.exp(rng.gauss(0, 0.01)),
    }[kind]
    values = [draw() for _ in range(2 * runs)]
    return values[:runs], values[runs:]


@pytest.mark.parametrize("runs", [8, 30, 100])
@pytest.mark.parametrize("kind", ["two ticks of a clock", "whole ms", "two modes"])
def test_sets_of_one_distribution_on_few_levels_do_not_differ(kind: str, runs: int) -> None:
    """Their medians jump from one level to the other by chance."""
    verdicts = [compare(*halves(kind, seed, runs)).verdict for seed in range(60)]
    assert sum(verdict in {"slower", "faster"} for verdict in verdicts) <= 3


def test_ten_percent_are_seen_in_twelve_quiet_runs_a_side() -> None:
    """In noise of 3 %, nearly always."""
    rng = random.Random(3)
    sets = [[[level * rng.gauss(1, 0.03) for _ in range(12)] for level in (100, 110)] for _ in range(60)]
    assert sum(compare(*one).verdict == "slower" for one in sets) >= 54


@pytest.mark.parametrize(
    ("before", "after", "verdict"),
    [([7.0] * 4, [8.0] * 4, "slower"), ([8.0] * 4, [7.0] * 4, "faster"), ([7.0] * 4, [7.0] * 4, "same")],
)
def test_four_runs_a_side_suffice_where_nothing_varies(
    before: list[float], after: list[float], verdict: str
) -> None:
    """Really constant ones."""
    assert compare(before, after).verdict == verdict


def test_what_could_be_far_apart_is_not_the_same() -> None:
    """It is not known: too few runs in so much noise."""
    found = compare([10.2, 10.4, 3.0, 90.0, 10.1], [5.1, 14.0, 5.2, 30.0, 2.0])
    assert found.verdict == "too few"
    assert found.low < 1 / 1.09 < 1.09 < found.high


@pytest.mark.parametrize("value", [0.0, 1e-9, 1e15])
def test_the_widest_range_of_values_is_compared(value: float) -> None:
    """All finite, whatever stands against it."""
    for other in (0.0, 1e-9, 1e15):
        found = compare([value] * 6, [other] * 6)
        assert all(math.isfinite(figure) for figure in (found.ratio, found.low, found.high))
        assert found.low <= found.ratio <= found.high
