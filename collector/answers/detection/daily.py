"""A pattern that comes back at the same hours of each day."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Sequence
from math import log, sqrt

from collector.answers.detection.logs import median

DAY_MS, PARTS = 86_400_000, 24
LEAST_DAYS, LEAST_A_DAY, LEAST_A_PART = 4, 4, 3
# How alike the pattern of every second day has to be to that of the others: correlation.
ALIKE = 0.7


def daily_pattern(logs: Sequence[float], at_ms: Sequence[int], floor: float) -> list[float] | None:
    """What the hour of the day (UTC) adds to each run, or None when days have no pattern in common.

    Each run is seen against a line through the medians of the days (a drift would otherwise look alike
    each day); odd and even days have to agree.
    """
    days: dict[int, list[int]] = defaultdict(list)
    for i, at in enumerate(at_ms):
        days[at // DAY_MS].append(i)
    full = {day: runs for day, runs in days.items() if len(runs) >= LEAST_A_DAY}
    if len(full) < LEAST_DAYS:
        return None
    halves: tuple[dict[int, list[float]], dict[int, list[float]]] = defaultdict(list), defaultdict(list)
    usual = _centre_line(logs, at_ms, list(full.values()))
    for rank, runs in enumerate(full.values()):
        for i in runs:
            halves[rank % 2][_part(at_ms[i])].append(logs[i] - usual(at_ms[i]))
    known = sorted(part for part in halves[0] if part in halves[1])
    first, second = ([median(half[part]) for part in known] for half in halves)
    if not _agree(first, second, floor):
        return None
    adds = {part: median(halves[0][part] + halves[1][part]) for part in known}
    return [adds.get(_part(at), 0.0) for at in at_ms]


def _centre_line(
    logs: Sequence[float], at_ms: Sequence[int], days: Sequence[Sequence[int]]
) -> Callable[[int], float]:
    """What a run is like at a moment: from the median of one day, in its middle, straight to the next."""
    middles = [median([float(at_ms[i]) for i in runs]) for runs in days]
    levels = [median([logs[i] for i in runs]) for runs in days]

    def at(moment: int) -> float:
        k = min(max(bisect_right(middles, moment), 1), len(middles) - 1)
        share = (moment - middles[k - 1]) / max(middles[k] - middles[k - 1], 1.0)
        return levels[k - 1] + share * (levels[k] - levels[k - 1])

    return at


def _part(at_ms: int) -> int:
    return at_ms % DAY_MS * PARTS // DAY_MS


def _agree(first: Sequence[float], second: Sequence[float], floor: float) -> bool:
    """Whether two profiles of the day rise and fall together, by more than ``floor``."""
    n = len(first)
    if n < LEAST_A_PART or min(max(first) - min(first), max(second) - min(second)) < log(1 + floor):
        return False
    a, b = sum(first) / n, sum(second) / n
    both = sum((x - a) * (y - b) for x, y in zip(first, second, strict=True))
    sizes = sum((x - a) ** 2 for x in first) * sum((y - b) ** 2 for y in second)
    return sizes > 0 and both / sqrt(sizes) >= ALIKE
