"""The search, from a series to its changes."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import log
from typing import Literal

from collector.answers.detection.daily import daily_pattern
from collector.answers.detection.drift import (
    LEAST_RUNS,
    is_better,
    is_clear,
    may_drift,
    slope_of,
    slope_within,
    without,
)
from collector.answers.detection.interval import ratio_of
from collector.answers.detection.lasting import lasting
from collector.answers.detection.logs import logs
from collector.answers.detection.noise import Noise, noise_around
from collector.answers.detection.optimal import candidates
from collector.answers.detection.result import Found, Step, level_of
from collector.answers.detection.standing import standing

NEEDED = 8
CONFIRMED = 8


def find(values: Sequence[float], at_ms: Sequence[int] | None = None, *, floor: float = 0.03) -> Found:
    """All lasting changes of level in ``values``: finite, zero or more, in time order, none of a failed run.

    ``at_ms`` are the moments of the runs (UTC): with them, a pattern of the hours of the day is no change.
    Effects below ``floor`` (0.03: 3 % up, or the same back) are never reported. Slower and faster are
    treated alike. A change is told from four runs after it. Of more than 200 runs, candidates are looked
    for on a grid, except at the end, and then moved to their exact run (see `optimal`).
    """
    n = len(values)
    if n < NEEDED:
        return Found((), ((0, n),) if n else (), "too few", NEEDED)
    series = logs(values)
    pattern = daily_pattern(series, at_ms, floor) if at_ms else None
    if pattern:
        series = [value - usual for value, usual in zip(series, pattern, strict=True)]
    noise, drifts = _best(series, floor)
    noise = lasting(noise)
    steps = [_step(values, noise, k) for k in range(len(noise.borders) - 2)]
    return Found(tuple(steps), tuple(pairwise(noise.borders)), _verdict(steps, drifts, pattern))


def _verdict(
    steps: Sequence[Step], drifts: bool, pattern: Sequence[float] | None
) -> Literal["steps", "steady", "drifts", "daily"]:
    if steps:
        return "steps"
    if drifts:
        return "drifts"
    return "daily" if pattern else "steady"


def _best(series: Sequence[float], floor: float) -> tuple[Noise, bool]:
    """The levels of the series, or of what is left of it without its drift, if it has one."""
    _, all_levels = standing(series, candidates(series))
    level = _large(all_levels, floor)
    if len(series) < LEAST_RUNS or not may_drift(slope_within(series, all_levels), all_levels):
        return level, False
    _, rough = standing(flat := without(series, slope_of(series)), candidates(flat))
    slope = slope_within(series, rough)
    _, flat_levels = standing(flat := without(series, slope), candidates(flat))
    if is_clear(slope, flat_levels, floor) and is_better(flat_levels, all_levels):
        return _large(flat_levels, floor), True
    return level, False


def _large(noise: Noise, floor: float) -> Noise:
    """The levels between those steps that are large enough."""
    while True:
        borders, inner = noise.borders, range(len(noise.borders) - 2)
        kept = [borders[k + 1] for k in inner if abs(log(ratio_of(noise, k)[0])) >= log(1 + floor)]
        if len(kept) == len(inner):
            return noise
        noise = noise_around(noise.logs, [0, *kept, borders[-1]])


def _step(values: Sequence[float], noise: Noise, k: int) -> Step:
    start, border, end = noise.borders[k : k + 3]
    return Step(
        border,
        level_of(values[start:border]),
        level_of(values[border:end]),
        *ratio_of(noise, k),
        "confirmed" if end - border >= CONFIRMED else "provisional",
    )
