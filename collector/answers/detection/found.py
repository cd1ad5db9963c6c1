"""The search, from a series to its changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from math import log
from typing import Literal

from collector.answers.detection.daily import daily_pattern
from collector.answers.detection.drift import (
    LEAST_RUNS,
    is_a_line,
    is_better,
    is_clear,
    line_of,
    may_be_a_line,
    may_drift,
    slope_of,
    slope_within,
    without,
)
from collector.answers.detection.interval import ratio_of
from collector.answers.detection.lasting import lasting
from collector.answers.detection.logs import logs, median
from collector.answers.detection.noise import Noise, noise_around
from collector.answers.detection.optimal import candidates
from collector.answers.detection.result import Found, Step, level_of
from collector.answers.detection.standing import LONG_SERIES, standing

NEEDED = 8
CONFIRMED = 8
# A longer series is looked at in so many blocks, that the time it takes has a bound.
MOST_RUNS = 5000


def find(values: Sequence[float], at_ms: Sequence[int] | None = None, *, floor: float = 0.03) -> Found:
    """All lasting changes of level in ``values``: finite, zero or more, in time order, none of a failed run.

    ``at_ms`` are the moments of the runs (UTC): with them, a pattern of the hours of the day is no change.
    Effects below ``floor`` (0.03: 3 % up, or the same back) are never reported. Slower and faster are
    treated alike. A change is told from four runs after it. Of more than 200 runs, candidates are looked
    for on a grid, except at the end, and then moved to their exact run (see `optimal`). Of more than 5,000,
    the medians of blocks of neighbouring runs are looked at: a change begins with a block there.
    """
    n = len(values)
    if n > MOST_RUNS:
        return _of_blocks(values, at_ms, floor, -(-n // MOST_RUNS))
    if n < NEEDED:
        return Found((), ((0, n),) if n else (), "too few")
    series = logs(values)
    pattern = daily_pattern(series, at_ms, floor) if at_ms else None
    if pattern:
        series = [value - usual for value, usual in zip(series, pattern, strict=True)]
    levels, drifts = _best(series, floor)
    noise = _large(lasting(levels), floor)
    steps = [_step(values, noise, k) for k in range(len(noise.borders) - 2)]
    return Found(tuple(steps), tuple(pairwise(noise.borders)), _verdict(steps, drifts, pattern))


def _of_blocks(values: Sequence[float], at_ms: Sequence[int] | None, floor: float, per: int) -> Found:
    """What blocks of ``per`` runs show; only the oldest may be shorter."""
    n = len(values)
    borders = [0, *range(n % per or per, n + 1, per)]
    medians = [median(values[start:end]) for start, end in pairwise(borders)]
    found = find(medians, [at_ms[start] for start in borders[:-1]] if at_ms else None, floor=floor)
    segments = tuple((borders[start], borders[end]) for start, end in found.segments)
    levels = [level_of(values[start:end]) for start, end in segments]
    steps = tuple(
        replace(step, index=borders[step.index], before=before, after=after)
        for step, (before, after) in zip(found.steps, pairwise(levels), strict=True)
    )
    return replace(found, steps=steps, segments=segments)


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
    level = _levels(series)
    drifting = None
    if len(series) >= LEAST_RUNS:
        drifting = _around_a_line(level, floor) or _around_a_drift(level, floor)
    return _large(drifting or level, floor), drifting is not None


def _around_a_line(level: Noise, floor: float) -> Noise | None:
    """The levels around one line, where the steps are no more than that line."""
    if len(level.borders) == 2 or not may_be_a_line(level):
        return None
    rises, line = line_of(level.logs)
    return _levels(line.logs) if is_a_line(rises, line, level, floor) else None


def _around_a_drift(level: Noise, floor: float) -> Noise | None:
    """The levels around a line that is steep as the runs between the steps are, where that tells more."""
    series, slope = level.logs, slope_within(level.logs, level)
    if not may_drift(slope, level):
        return None
    if len(series) <= LONG_SERIES:
        slope = slope_within(series, _levels(without(series, slope_of(series))))
    flat = _levels(without(series, slope))
    return flat if is_clear(slope, flat, floor) and is_better(flat, level) else None


def _levels(series: Sequence[float]) -> Noise:
    return standing(series, candidates(series))[1]


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
