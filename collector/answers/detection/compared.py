"""Two sets of runs against each other."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf, log
from typing import Literal

from collector.answers.detection.interval import ratio_of
from collector.answers.detection.logs import logs
from collector.answers.detection.noise import noise_around
from collector.answers.detection.result import Comparison, level_of

NEEDED = 4


def compare(before: Sequence[float], after: Sequence[float], *, floor: float = 0.03) -> Comparison:
    """Whether the runs ``after`` are slower or faster than those ``before``, each in time order.

    Slower or faster is what is at least ``floor`` away and whose interval leaves out 1; fewer than four
    runs on a side are too few to say.
    """
    levels = level_of(before), level_of(after)
    if min(len(before), len(after)) < NEEDED:
        ratio = levels[1].median / levels[0].median if levels[0].median > 0 else 1.0
        return Comparison(*levels, ratio, 0.0, inf, "too few")
    series = logs([*before, *after])
    ratio, low, high = ratio_of(noise_around(series, [0, len(before), len(series)]), 0)
    return Comparison(*levels, ratio, low, high, _verdict(ratio, low, high, floor))


def _verdict(ratio: float, low: float, high: float, floor: float) -> Literal["slower", "faster", "same"]:
    if abs(log(ratio)) < log(1 + floor) or low <= 1 <= high:
        return "same"
    return "slower" if ratio > 1 else "faster"
