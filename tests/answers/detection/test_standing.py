"""Candidates beside the true place, and lines beside a step, do not hide it."""

from __future__ import annotations

import math

import pytest

from collector.answers.detection import find
from collector.answers.detection.noise import noise_around
from collector.answers.detection.standing import _confirmed, standing
from tests.answers.detection.made import noisy, stepped


@pytest.mark.parametrize("candidates", [[], [10], [45], [21, 39], [14, 24, 36, 50]])
def test_a_step_is_found_whatever_the_candidates_were(candidates: list[int]) -> None:
    """Also with none, or with one that is nothing."""
    logs = [math.log(value) for value in stepped(noisy(3, 60), 1.3, 30)]
    borders, _ = standing(logs, candidates)
    assert [abs(border - 30) <= 3 for border in borders] == [True]


def test_steps_in_noise_are_no_drift() -> None:
    """A line comes near to a step in the middle; both have to explain the same runs."""
    verdicts = [find(stepped(noisy(seed, 60), 1.25, 30)).verdict for seed in range(30)]
    assert verdicts.count("drifts") == 0
    assert verdicts.count("steps") >= 28


def test_three_runs_are_no_level_however_far_they_are() -> None:
    """A thousand times slower, at the end."""
    logs = [math.log(value) for value in stepped(noisy(1, 60, outliers=0), 1000, 57)]
    assert max(_confirmed(noise_around(logs, [0, 57, 60]))) < 1
