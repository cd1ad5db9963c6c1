"""A step beside which the series has been at both levels before is no lasting change."""

from __future__ import annotations

import math
import random

import pytest

from collector.answers.detection import find
from collector.answers.detection.lasting import stays
from collector.answers.detection.noise import noise_around


def alternating(*lengths: int, seed: int = 1, factor: float = 1.5) -> list[float]:
    """In turn 100 and that times ``factor``, for so many runs each, in noise of 2 %."""
    rng = random.Random(seed)
    levels = [100 * factor ** (k % 2) for k, length in enumerate(lengths) for _ in range(length)]
    return [level * math.exp(rng.gauss(0, 0.02)) for level in levels]


@pytest.mark.parametrize("lengths", [(12, 15, 11, 14), (9, 20, 13, 10, 12, 16), (6, 5, 30, 20)])
def test_going_to_and_fro_between_two_levels_is_no_change(lengths: tuple[int, ...]) -> None:
    """Each state lasts for some runs, none for good."""
    assert find(alternating(*lengths)).steps == ()


def test_a_change_that_was_mended_is_none_of_that() -> None:
    """The series came back once only."""
    assert [step.index for step in find(alternating(20, 15, 25)).steps] == [20, 35]


def test_three_slow_runs_before_a_change_do_not_hide_it() -> None:
    """A level needs four."""
    assert [step.index for step in find(alternating(15, 3, 17, 25)).steps] == [35]


def test_levels_within_the_noise_of_each_other_have_no_stays_to_count() -> None:
    """Noise alone would lead from one to the other."""
    logs = [math.log(value) for value in alternating(20, 20, 20, 20, factor=1.05)]
    noise = noise_around(logs, [0, 20, 40, 60, 80])
    assert stays(noise, noise.means[0], noise.means[1]) == 2
