"""The best piecewise-constant fit: optimal partitioning, pruned.

F(t) = min over s of F(s) + cost(s, t) + penalty, with the sum of squares as the cost (Jackson et al. 2005);
starts that can never win again are dropped (PELT, Killick, Fearnhead and Eckley 2012).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from math import inf

from collector.answers.detection.cleaned import cleaned
from collector.answers.detection.logs import median

# A level at either end may be so short, inside only so: anything less is a bundle of outliers.
SHORTEST, SHORTEST_INSIDE = 4, 8
# Up to so many places are tried all; of a longer series every k-th, and each of the last ones.
MOST_PLACES = 200
EXACT_AT_END = 24
# In squared standard deviations. Low on purpose: each candidate is examined again.
PENALTY = 5.0
RUNS_A_CANDIDATE = 10
MOST_CANDIDATES = 12


def candidates(logs: Sequence[float]) -> list[int]:
    """Where changes may be, many too many: first runs after each.

    Of a long series only every k-th place is tried (``places``); `standing` moves each to its exact run.
    """
    clean, scale = cleaned(logs)
    middle = median(clean)
    clean = [value - middle for value in clean]  # small numbers: sums of squares lose nothing
    sums = [0.0, *accumulate(clean)]
    penalty, most = PENALTY * scale * scale, max(1, min(MOST_CANDIDATES, len(logs) // RUNS_A_CANDIDATE))
    while len(found := partition(sums, places(len(logs)), penalty)) > most:
        penalty *= 2
    return found


def places(n: int) -> list[int]:
    """Where a segment may begin or end: everywhere, or on a grid with the end exact."""
    if n <= MOST_PLACES:
        return list(range(n + 1))
    stride = -(-(n - EXACT_AT_END) // (MOST_PLACES - EXACT_AT_END))
    return [*range(0, n - EXACT_AT_END, stride), *range(n - EXACT_AT_END, n + 1)]


def partition(sums: Sequence[float], at: Sequence[int], penalty: float) -> list[int]:
    """Inner borders of the segments with the least squares plus ``penalty`` for each.

    ``sums`` are the running sums of the values, from 0. The sum of all squares is in every fit alike and
    left out, so a cost is minus sum² / length.
    """
    least, came_from = [inf] * len(at), [0] * len(at)
    least[0] = -penalty
    open_starts: list[tuple[float, float, int, int]] = []
    waiting = 0
    for j in range(1, len(at)):
        end, total = at[j], sums[at[j]]
        shortest = SHORTEST if j == len(at) - 1 or not waiting else SHORTEST_INSIDE
        while at[waiting] <= end - shortest:
            if least[waiting] < inf:
                open_starts.append((least[waiting] + penalty, sums[at[waiting]], at[waiting], waiting))
            waiting += 1
        if open_starts:
            costs = [cost - (total - before) ** 2 / (end - start) for cost, before, start, _ in open_starts]
            least[j] = min(costs)
            came_from[j] = open_starts[costs.index(least[j])][3]
            hopeless = least[j] + penalty
            if max(costs) > hopeless:
                open_starts = [
                    start for start, cost in zip(open_starts, costs, strict=True) if cost <= hopeless
                ]
    borders, j = [], came_from[-1]
    while j:
        borders.append(at[j])
        j = came_from[j]
    return borders[::-1]
