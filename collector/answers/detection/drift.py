"""A slow drift: a straight line of logarithms, which no number of levels describes honestly."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import exp, log, sqrt

from collector.answers.detection.logs import median
from collector.answers.detection.noise import LEAST_SCALE, Noise, noise_around

BLOCKS = 24
LEAST_RUNS = 16
# A line is looked for, and believed, from so many squared standard errors on.
WORTH, CLEAR = 4.0, 16.0
# Preferred is what leaves less unexplained, each step and each line at its price; a line at a higher
# one, because one step that takes a while looks much like it.
STEP_COSTS, LINE_COSTS = 8.0, 18.0
# Steps against a line alone: that has to rise by so many standard deviations of the noise. Both being
# changes, the line of a long series may leave so much more unexplained than one step; in a short one a
# clear step looks much like a line, so there it has to leave less. Further steps cost about the 2 log n of
# two parameters, place and height. So much of the runs near the steps have to be near the line.
STEEP, SPARED, UNSURE, STAIR_COSTS, NEARLY_ALL = 3.5, 5.0, 420.0, 10.0, 0.9


def slope_of(logs: Sequence[float]) -> float:
    """The slope a run: median of those between blocks of runs (Theil 1950, Sen 1968).

    Only blocks near each other are paired, so that a few steps do not tilt it.
    """
    n = len(logs)
    blocks = min(BLOCKS, n // 4)
    edges = [n * k // blocks for k in range(blocks + 1)]
    middles = [(a + b - 1) / 2 for a, b in pairwise(edges)]
    medians = [median(logs[a:b]) for a, b in pairwise(edges)]
    return median(
        [
            (medians[j] - medians[i]) / (middles[j] - middles[i])
            for i in range(blocks)
            for j in range(i + 1, min(blocks, i + 1 + blocks // 3))
        ]
    )


def slope_within(logs: Sequence[float], noise: Noise, along: Sequence[float] | None = None) -> float:
    """The slope a run inside the segments of ``noise``, by least squares; outliers left out.

    With ``along``, the slope for each unit of that instead.
    """
    products = squares = 0.0
    at = along or range(len(logs))
    usable = set(noise.usable)
    for start, end in pairwise(noise.borders):
        runs = [i for i in range(start, end) if i in usable]
        if runs:
            middle, level = sum([at[i] for i in runs]) / len(runs), sum([logs[i] for i in runs]) / len(runs)
            products += sum([(at[i] - middle) * (logs[i] - level) for i in runs])
            squares += sum([(at[i] - middle) ** 2 for i in runs])
    return products / squares if squares > 0 else 0.0


def without(logs: Sequence[float], slope: float) -> list[float]:
    """The series with the line taken out, its middle where it was."""
    middle = (len(logs) - 1) / 2
    return [value - slope * (i - middle) for i, value in enumerate(logs)]


def may_drift(slope: float, levels: Noise) -> bool:
    """Whether it is worth while to look for a line: runs go up or down inside their levels."""
    return slope * slope >= WORTH * _error(levels)


def is_clear(slope: float, flat: Noise, floor: float) -> bool:
    """Whether a line of this slope stands out of the noise around it, and moves by more than ``floor``."""
    moved = abs(slope) * len(flat.logs)
    return moved >= log(1 + floor) and slope * slope >= CLEAR * _error(flat)


def _error(levels: Noise) -> float:
    """The variance of a line's slope in such noise."""
    noise = _of_logs(levels)
    phi = noise.correlation
    return 12 * noise.variance * (1 + phi) / (1 - phi) / len(noise.logs) ** 3


def is_better(flat: Noise, level: Noise) -> bool:
    """Whether a line and the steps of ``flat`` tell the series better than the steps of ``level``.

    Both have to explain the same runs, those that are outliers to neither.
    """
    line, steps = _of_logs(flat), _of_logs(level)
    runs = sorted({*line.inside} & {*steps.inside})
    if not runs:
        return False
    spared = STEP_COSTS * (len(level.borders) - len(flat.borders))
    return _unexplained(steps, runs) - _unexplained(line, runs) + spared > LINE_COSTS


def may_be_a_line(levels: Noise) -> bool:
    """Whether it is worth while to set a line against these steps: the series rises apart from them."""
    return abs(slope_of(levels.logs)) * len(levels.logs) >= STEEP / 2 * sqrt(_of_logs(levels).variance)


def line_of(logs: Sequence[float]) -> tuple[float, Noise]:
    """How far one line through the whole series rises, and the noise around that line.

    It is straight in the logarithms (so many percent a run) or in the values (so many ms a run),
    whichever leaves less.
    """
    whole = (0, len(logs))
    slope = slope_of(logs)
    lines = [[slope * i for i in range(len(logs))], *_straight_in_values(logs)]
    fitted = [_fitted(logs, line, whole) for line in lines]
    return min(fitted, key=lambda its: _of_logs(its[1]).variance)


def _fitted(logs: Sequence[float], line: Sequence[float], whole: Sequence[int]) -> tuple[float, Noise]:
    """The line made to fit best: how far it rises, and the noise around it."""
    rough = noise_around([value - usual for value, usual in zip(logs, line, strict=True)], whole)
    part = slope_within(logs, rough, line)
    middle = sum(line) / len(line)
    flat = [value - part * (usual - middle) for value, usual in zip(logs, line, strict=True)]
    return part * (line[-1] - line[0]), noise_around(flat, whole)


def _straight_in_values(logs: Sequence[float]) -> list[list[float]]:
    """The logarithms of a line through the values; none where that line falls below all of them."""
    most = max(logs)
    values = [exp(value - most) for value in logs]
    slope = slope_of(values)
    start = median([value - slope * i for i, value in enumerate(values)])
    line = [start + slope * i for i in range(len(values))]
    return [[log(value) for value in line]] if min(line) > min(values) / 2 else []


def is_a_line(rises: float, flat: Noise, level: Noise, floor: float) -> bool:
    """Whether the steps of ``level`` are a line, whose noise is ``flat``.

    A line that rises far looks like one step in the middle, or like several of about one height that
    follow each other.
    """
    line, steps = _of_logs(flat), _of_logs(level)
    if abs(rises) < max(log(1 + floor), STEEP * sqrt(line.variance)):
        return False
    runs = sorted({*line.inside} & {*steps.inside})
    if len(runs) < NEARLY_ALL * len(steps.inside):
        return False
    spared = SPARED - UNSURE / len(level.logs) + STAIR_COSTS * (len(level.borders) - 3)
    return _unexplained(steps, runs) - _unexplained(line, runs) + spared > 0


def _of_logs(noise: Noise) -> Noise:
    """The noise of the logarithms, where it is that of ranks."""
    return noise_around(noise.logs, noise.borders, ranks=False) if noise.modes else noise


def _unexplained(noise: Noise, runs: Sequence[int]) -> float:
    """How badly the levels describe those runs: twice the negative log-likelihood of AR(1) noise.

    Its variance is the likeliest one; over the runs between, the correlation fades.
    """
    lengths = [end - start for start, end in pairwise(noise.borders)]
    levels = [level for level, length in zip(noise.means, lengths, strict=True) for _ in range(length)]
    off = [noise.logs[i] - levels[i] for i in runs]
    ties = [noise.correlation ** (b - a) for a, b in pairwise(runs)]
    squares = off[0] ** 2
    for (before, value), tie in zip(pairwise(off), ties, strict=True):
        squares += (value - tie * before) ** 2 / (1 - tie * tie)
    variance = max(squares / len(runs), LEAST_SCALE**2)
    return len(runs) * log(variance) + sum([log(1 - tie * tie) for tie in ties])
