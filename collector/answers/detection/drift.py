"""A slow drift: a straight line of logarithms, which no number of levels describes honestly."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import log

from collector.answers.detection.logs import median
from collector.answers.detection.noise import Noise, noise_around

BLOCKS = 24
LEAST_RUNS = 16
# A line is looked for, and believed, from so many squared standard errors on.
WORTH, CLEAR = 4.0, 16.0
# Preferred is what leaves less unexplained, each step and each line at its price; a line at a higher
# one, because one step that takes a while looks much like it.
STEP_COSTS, LINE_COSTS = 8.0, 16.0


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


def slope_within(logs: Sequence[float], noise: Noise) -> float:
    """The slope a run inside the segments of ``noise``, by least squares; outliers left out."""
    products = squares = 0.0
    usable = set(noise.usable)
    for start, end in pairwise(noise.borders):
        runs = [i for i in range(start, end) if i in usable]
        if runs:
            middle, level = sum(runs) / len(runs), sum([logs[i] for i in runs]) / len(runs)
            products += sum([(i - middle) * (logs[i] - level) for i in runs])
            squares += sum([(i - middle) ** 2 for i in runs])
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
    noise = noise_around(levels.logs, levels.borders, ranks=False) if levels.modes else levels
    phi = noise.correlation
    return 12 * noise.variance * (1 + phi) / (1 - phi) / len(noise.logs) ** 3


def is_better(flat: Noise, level: Noise) -> bool:
    """Whether a line and the steps of ``flat`` tell the series better than the steps of ``level``."""
    flat, level = plain(flat), plain(level)
    runs = sorted({*flat.inside} & {*level.inside})
    spared = STEP_COSTS * (len(level.borders) - len(flat.borders))
    return _unexplained(level, runs) - _unexplained(flat, runs) + spared > LINE_COSTS


def plain(noise: Noise) -> Noise:
    return noise_around(noise.logs, noise.borders, ranks=False) if noise.modes else noise


def _unexplained(noise: Noise, runs: Sequence[int]) -> float:
    """How badly levels describe those runs: twice the negative log-likelihood of AR(1) noise."""
    levels = [
        level for (a, b), level in zip(pairwise(noise.borders), noise.means, strict=True) for _ in range(a, b)
    ]
    off = [noise.logs[i] - levels[i] for i in runs]
    ties = [noise.correlation ** (b - a) for a, b in pairwise(runs)]
    squares = off[0] ** 2 + sum(
        [(b - tie * a) ** 2 / (1 - tie * tie) for a, b, tie in zip(off, off[1:], ties)]
    )
    return len(runs) * log(squares / len(runs)) + sum([log(1 - tie * tie) for tie in ties])
