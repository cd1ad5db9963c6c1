"""Lasting changes are found, and what is none gets an honest answer."""

from __future__ import annotations

import math
import random

import pytest

from collector.answers.detection import Found, Level, find
from tests.answers.detection.made import noisy, stepped, two_modes

HOUR_MS = 3_600_000


def places(found: Found) -> list[int]:
    """Where the steps are."""
    return [step.index for step in found.steps]


def test_a_lasting_slow_down_is_found_between_its_two_runs() -> None:
    """With the levels before and after, and how large it is."""
    found = find([*[10.0, 10.1, 9.9] * 10, *[12.0, 12.1, 11.9] * 10])
    assert (found.verdict, places(found), found.segments) == ("steps", [30], ((0, 30), (30, 60)))
    step = found.steps[0]
    assert (Level(30, 10.0, pytest.approx(10.1)), Level(30, 12.0, pytest.approx(12.1))) == (
        step.before,
        step.after,
    )
    assert step.ratio == pytest.approx(1.2)
    assert step.low < 1.2 < step.high


@pytest.mark.parametrize("factor", [1.3, 1 / 1.3])
def test_slower_and_faster_are_found_alike(factor: float) -> None:
    """In the noise of a developer's machine."""
    found = find(stepped(noisy(8, 120), factor, 60))
    assert len(found.steps) == 1
    assert abs(found.steps[0].index - 60) <= 5
    assert found.steps[0].low < factor < found.steps[0].high


def test_a_slow_down_that_was_mended_is_two_steps() -> None:
    """A search that only splits in two would see neither."""
    found = find(stepped(noisy(4, 150), 1.4, 50, 100))
    assert [step.ratio > 1 for step in found.steps] == [True, False]
    assert [abs(step.index - at) <= 5 for step, at in zip(found.steps, (50, 100), strict=True)] == [
        True,
        True,
    ]


@pytest.mark.parametrize(
    ("after", "states"),
    [(3, []), (4, ["provisional"]), (7, ["provisional"]), (8, ["confirmed"]), (30, ["confirmed"])],
)
def test_a_change_is_told_from_four_runs_and_confirmed_from_eight(after: int, states: list[str]) -> None:
    """Three could be chance."""
    found = find([*[10.0, 10.2, 9.9, 10.1] * 10, *[15.0, 15.2, 14.9, 15.1] * 10][: 40 + after])
    assert [step.state for step in found.steps] == states


def test_too_few_runs_say_so() -> None:
    """They have one segment."""
    assert find([1.0, 2.0, 3.0, 4.0, 5.0]) == Found((), ((0, 5),), "too few")


def test_no_runs_are_too_few() -> None:
    """And have no segment."""
    assert find([]) == Found((), (), "too few")


@pytest.mark.parametrize("value", [0.0, 1e-300, 5.0, 1e300])
def test_constant_values_are_steady(value: float) -> None:
    """Zeros and extremes too."""
    assert find([value] * 40) == Found((), ((0, 40),), "steady")


def test_a_level_of_zeros_may_be_left() -> None:
    """No logarithm of nothing is taken; a zero counts as half of the smallest value."""
    found = find([*[0.0] * 30, *[10.0] * 30])
    assert places(found) == [30]
    assert found.steps[0].ratio == pytest.approx(2.0)


def test_one_outlier_is_no_change() -> None:
    """However far it is, and wherever."""
    for at in (0, 1, 20, 38, 39):
        assert find([900.0 if i == at else 5.0 for i in range(40)]).verdict == "steady"


def test_three_outliers_in_a_row_are_no_change() -> None:
    """A build ran beside them."""
    assert find(stepped(noisy(5, 100, outliers=0.0), 2.0, 50, 53)).verdict == "steady"


def test_a_ramp_drifts() -> None:
    """It is not twenty steps."""
    values = [(100 + i) * math.exp(math.sin(i * 7) / 100) for i in range(200)]
    found = find(values)
    assert (found.verdict, found.segments) == ("drifts", ((0, 200),))


@pytest.mark.parametrize("shape", ["percent", "ms"])
def test_a_steep_ramp_over_days_drifts(shape: str) -> None:
    """The rise inside each day is no pattern of the hours: a staircase with a step each night would stay."""
    rng = random.Random(5)
    ramp = [10 * 1.006**i if shape == "percent" else 10 + i / 10 for i in range(200)]
    at = [1_767_225_600_000 + hour * HOUR_MS for hour in range(200)]
    found = find([value * math.exp(rng.gauss(0, 0.02)) for value in ramp], at)
    assert (found.verdict, found.steps) == ("drifts", ())


def test_most_clear_ramps_drift() -> None:
    """Six standard deviations of the noise in all; one step in the middle comes near to it."""
    ramps = [[v * 1.0015**i for i, v in enumerate(noisy(seed, 200))] for seed in range(20)]
    assert [find(values).verdict for values in ramps].count("drifts") >= 16


def test_a_step_in_a_drift_is_found_with_its_own_size() -> None:
    """The drift is not added to it."""
    values = [100 * 1.001**i * math.exp(math.sin(i * 7) / 100) * (1.3 if i >= 120 else 1) for i in range(200)]
    found = find(values)
    assert places(found) == [120]
    assert found.steps[0].ratio == pytest.approx(1.3, rel=0.02)


def test_two_modes_are_no_change() -> None:
    """Values that jump between two levels at random have one distribution."""
    assert [find(two_modes(seed, 120)).verdict for seed in range(10)] == ["steady"] * 10


def test_a_share_of_modes_that_changes_overwhelmingly_is_a_change() -> None:
    """From nearly always fast to nearly always slow."""
    found = find([*two_modes(1, 80, share=0.05), *two_modes(2, 80, share=0.95)])
    assert [abs(place - 80) <= 5 for place in places(found)] == [True]


def test_a_coarse_clock_is_no_change() -> None:
    """Ticks of 10 ms at 100 ms, in noise of 5 %."""
    series = ([round(value, -1) for value in noisy(seed, 120)] for seed in range(10))
    assert [find(values).verdict for values in series] == ["steady"] * 10


def test_a_step_of_several_ticks_is_found_with_a_coarse_clock() -> None:
    """It is larger than what the clock does."""
    found = find([round(value, -1) for value in stepped(noisy(6, 120), 1.5, 60)])
    assert [abs(place - 60) <= 5 for place in places(found)] == [True]


def busy_hours(runs: int) -> tuple[list[float], list[int]]:
    """A run each hour, 40 % slower in office hours."""
    at = [1_767_225_600_000 + hour * HOUR_MS for hour in range(runs)]
    return [v * (1.4 if 8 <= i % 24 < 18 else 1) for i, v in enumerate(noisy(11, runs))], at


def test_hours_that_are_slow_each_day_are_daily() -> None:
    """Not twenty changes."""
    found = find(*busy_hours(240))
    assert (found.verdict, found.steps) == ("daily", ())


def test_a_change_shows_through_a_daily_pattern() -> None:
    """What the hour adds is taken out first."""
    values, at = busy_hours(240)
    found = find(stepped(values, 1.4, 120), at)
    assert [abs(place - 120) <= 5 for place in places(found)] == [True]


def test_what_is_below_the_floor_is_not_reported() -> None:
    """However sure it is."""
    values = [*[100.0, 100.2] * 50, *[104.0, 104.2] * 50]
    assert places(find(values)) == [100]
    assert find(values, floor=0.05) == Found((), ((0, 200),), "steady")


@pytest.mark.parametrize("least", [0.0, 5e-324, 1e-300])
def test_the_widest_range_of_values_has_an_answer(least: float) -> None:
    """Nothing overflows, and a change by a factor beyond every clock is one."""
    found = find([*[least, least * 2] * 10, *[1e300, 1.1e300] * 10])
    assert places(found) == [20]
    assert math.isfinite(found.steps[0].high)


def test_alternating_extremes_are_no_change() -> None:
    """Zero, next to nothing and the largest, in turn."""
    assert find([0.0, 1e-9, 1e15] * 20).steps == ()


def test_a_very_long_series_is_looked_at_in_blocks() -> None:
    """Its step is found on a border of one, and the levels are those of all the runs."""
    found = find(stepped(noisy(2, 10_501), 1.3, 6000))
    assert [abs(place - 6000) <= 30 for place in places(found)] == [True]
    assert found.segments == ((0, places(found)[0]), (places(found)[0], 10_501))
    assert found.steps[0].before.count + found.steps[0].after.count == 10_501
