"""Whether a figure moved, and when nobody can tell."""

from __future__ import annotations

import random

import pytest

from collector.answers.causes.move import Move, error_of_difference, median, move, spread


def test_a_figure_that_rose_beyond_its_spread_moved() -> None:
    """With its medians on both sides."""
    found = move([3, 4, 2, 3, 5, 3], [52, 50, 55, 49], floor=3)
    assert found == Move(3.0, 51.0, moved=True)
    assert found.rise == 48.0


def test_a_rise_below_the_floor_is_none() -> None:
    """However sure it is."""
    assert move([3.0] * 20, [4.0] * 20, floor=3) == Move(3.0, 4.0, moved=False)


def test_a_rise_within_what_single_runs_do_is_none() -> None:
    """Neighbours in time are alike: the spread of single runs is what a few of them may differ by."""
    assert move([3, 30, 5, 40, 8, 25, 4, 35], [28, 29, 30, 31], floor=3).moved is False


def test_two_values_a_side_tell_nothing() -> None:
    """Nor do none."""
    assert move([1, 1], [9, 9, 9, 9]).moved is None
    assert move([], [9, 9, 9]) == Move(None, 9.0, moved=None)
    assert move([1, 1, 1], []).rise == 0.0


def test_one_outlier_moves_nothing() -> None:
    """Medians and ranks do not see it."""
    assert move([1.0, 1.1, 0.9, 1.0, 1.05], [1.0, 50.0, 1.1, 0.95], floor=0.5).moved is False


def test_three_runs_have_to_lie_apart_altogether() -> None:
    """So few are told apart by chance in one case of twenty else."""
    assert move([1, 2, 3], [4, 5, 6], floor=1).moved is True
    assert move([1, 2, 4.5], [4, 5, 6], floor=1).moved is None


def test_what_stays_as_it_is_hardly_ever_seems_to_move() -> None:
    """In one case of twenty at the most, as the ranks have it; what it has to explain besides comes later."""
    chance = random.Random(5)
    moved = sum(
        bool(move(*[[chance.gauss(50, 5) for _ in range(n)] for n in (12, 8)]).moved) for _ in range(2000)
    )
    assert moved <= 100


def test_medians_apart_that_ranks_do_not_bear_out_leave_it_open() -> None:
    """Half of the runs on a busy machine, and half on a quiet one: that is neither yes nor no."""
    assert move([3.0] * 12, [3.0, 90.0, 3.0, 91.0], floor=3) == Move(3.0, 46.5, moved=None)


def test_a_constant_that_changes_moved() -> None:
    """No spread is no reason to say nothing."""
    assert move([0.0] * 8, [1.0] * 4, floor=0.5).moved is True


def test_the_middle_and_the_spread_do_not_see_outliers() -> None:
    """As a normal distribution has them."""
    assert median([3, 1, 2, 100]) == 2.5
    assert spread([1, 2, 3, 4, 1000]) == pytest.approx(1.4826)
    assert error_of_difference([1.0] * 5, [1.0] * 5) == 0.0
