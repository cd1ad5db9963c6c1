"""The watch on the clocks: what happened to time between two looks, and nothing when nothing did."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector import clock
from collector.clock import Hole, Instant, Watch

START = Instant(1_700_000_000_000, 5000.25, 9000.125)
YEAR = 365 * 86400.0


def watched(at: Instant, patience: float = 15.0) -> Hole | None:
    """What a watch makes of ``at`` after `START`."""
    return Watch(START, patience).step(at)


def jumped(at: Instant, seconds: float) -> Instant:
    """``at`` after somebody set the wall clock."""
    return at._replace(wall_ms=at.wall_ms + round(seconds * 1000))


def suspended(at: Instant, seconds: float) -> Instant:
    """``at`` after the machine slept: monotonic time stood still."""
    return at.later(seconds)._replace(monotonic=at.monotonic)


@given(st.floats(0.001, 15), st.floats(0, 1e9))
def test_undisturbed_time_has_no_hole(seconds: float, uptime: float) -> None:
    """All three clocks moved by the same, within our patience, however long the machine is up."""
    start = Instant(START.wall_ms, uptime, uptime + 500)
    assert Watch(start, 15.0).step(start.later(seconds)) is None


@pytest.mark.parametrize("jump", [1, 60, 3600, 86400, YEAR, 100 * YEAR])
def test_a_clock_set_forward_is_a_hole_of_that_length(jump: float) -> None:
    """Nobody saw the stretch between the old time and the new one."""
    at = jumped(START.later(5), jump)
    assert watched(at) == Hole(START.wall_ms, START.wall_ms + 5000 + round(jump * 1000), "clock")


@pytest.mark.parametrize("jump", [10, 60, 3600, 86400, YEAR, 50 * YEAR])
def test_a_clock_set_back_is_a_hole_with_its_earlier_end_first(jump: float) -> None:
    """That stretch happened twice; what was recorded in it cannot be told apart."""
    at = jumped(START.later(5), -jump)
    assert watched(at) == Hole(START.wall_ms + 5000 - round(jump * 1000), START.wall_ms, "clock")


@given(st.floats(0.001, 10), st.floats(0, 1e8), st.sampled_from([-1, 1]))
def test_a_jump_of_one_second_counts_in_either_direction(seconds: float, uptime: float, sign: int) -> None:
    """However the three readings round: a leap second put in by hand is a jump."""
    start = Instant(START.wall_ms, uptime, uptime)
    hole = Watch(start, 15.0).step(jumped(start.later(seconds), sign))
    assert hole is not None
    assert hole.reason == "clock"


@pytest.mark.parametrize("slew", [-0.5, 0.5])
def test_a_clock_that_is_drawn_slowly_is_no_jump(slew: float) -> None:
    """NTP moves it by half a millisecond a second."""
    assert watched(jumped(START.later(5), slew)) is None


@pytest.mark.parametrize("slept", [1, 30, 8 * 3600, YEAR])
def test_suspend_is_told_by_boot_time_that_monotonic_time_did_not_see(slept: float) -> None:
    """The wall clock went on as it should."""
    at = suspended(START.later(5), slept)
    assert watched(at) == Hole(START.wall_ms, START.wall_ms + 5000 + round(slept * 1000), "suspend")


def test_a_clock_put_right_after_suspend_is_still_a_suspend() -> None:
    """A battery-backed clock that drifted by three seconds over a night does not hide the night."""
    at = jumped(suspended(START.later(5), 8 * 3600), -3)
    assert watched(at) == Hole(START.wall_ms, at.wall_ms, "suspend")


def test_a_jump_larger_than_the_suspend_is_a_jump() -> None:
    """Ten seconds asleep do not explain a year."""
    at = jumped(suspended(START.later(5), 10), YEAR)
    assert watched(at) == Hole(START.wall_ms, at.wall_ms, "clock")


def test_looking_too_late_is_a_stall() -> None:
    """We were awake, the clocks agree, and yet nobody looked for longer than our patience."""
    assert watched(START.later(15.5)) == Hole(START.wall_ms, START.wall_ms + 15_500, "stall")


def test_a_hole_is_told_once() -> None:
    """The next look compares with the one that found it."""
    watch = Watch(START, 15.0)
    after = jumped(START.later(5), 3600)
    assert watch.step(after) is not None
    assert watch.step(after.later(5)) is None


@given(
    st.floats(-100 * YEAR, 100 * YEAR),
    st.floats(0, YEAR),
    st.floats(0, 1000),
)
def test_no_hole_ends_before_it_begins(jump: float, slept: float, awake: float) -> None:
    """Whatever happens to the clocks together."""
    hole = watched(jumped(suspended(START.later(awake), slept), jump))
    assert hole is None or hole.from_ms <= hole.to_ms


def test_now_reads_the_real_clocks() -> None:
    """Wall in milliseconds, the others in seconds."""
    before, at, after = time.time() * 1000 - 1, clock.now(), time.time() * 1000 + 1
    assert before <= at.wall_ms <= after
    assert at.monotonic <= time.monotonic()
    assert at.boottime >= at.monotonic
