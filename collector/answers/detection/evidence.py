"""How strongly the runs speak for a step at each place: generalised least squares in AR(1) noise.

With y the runs between the neighbouring steps, the evidence is the square of the step's estimate in units
of its standard error: twice the gain in log-likelihood over no step. Missing runs (outliers) are gaps
over which the correlation fades.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from itertools import accumulate, pairwise
from math import exp, log

from collector.answers.detection.noise import Noise
from collector.answers.detection.optimal import SHORTEST

# Where a step is: searched so far around, with a part of the correlation. The full one makes much of the
# jump between two runs, and a small outlier that was kept looks like one.
REACH = 40
PART = 0.4
# The place with most likelihood within some runs of it is nearer to the truth than the likeliest one.
# Noise is never quite AR(1), so half of the log-likelihood is believed.
WITHIN, HEAT = 20, 4.0
# A step in the middle is likelier than one at an edge, where a few runs decide.
EDGES = 1.0


class Evidence:
    """Running sums over the usable runs of a series, for the evidence at any place."""

    def __init__(self, noise: Noise, part: float = 1.0) -> None:
        self.usable = noise.usable
        level = noise.means[0]
        values = [noise.scores[i] - level for i in self.usable]
        phi, self._variance = noise.correlation * part, noise.variance
        fade = [phi**gap for gap in range(64)]
        ties = [fade[min(b - a, 63)] for a, b in pairwise(self.usable)]
        self._values = values
        # of each run, given the one before: its weight, and its surprise
        self._weights = [0.0, *[1 / (noise.variance * (1 - tie * tie)) for tie in ties]]
        self._surprises = [0.0, *[b - tie * a for (a, b), tie in zip(pairwise(values), ties, strict=True)]]
        shares = [0.0, *[1 - tie for tie in ties]]
        self._pulls = [weight * share for weight, share in zip(self._weights, shares, strict=True)]
        self._moments = [0.0, *accumulate(map(float.__mul__, self._pulls, self._surprises))]
        self._infos = [0.0, *accumulate(map(float.__mul__, self._pulls, shares))]

    def around(self, start: int, end: int, first: int, last: int) -> Iterator[tuple[int, float]]:
        """Place and evidence for a step from ``first`` to ``last``, the level being one in [start, end)."""
        low, high = bisect_left(self.usable, start), bisect_left(self.usable, end)
        if high - low < 2:
            return
        moment_end, info_end = self._moments[high], self._infos[high]
        level_info = 1 / self._variance + info_end - self._infos[low + 1]
        level_moment = self._values[low] / self._variance + moment_end - self._moments[low + 1]
        for k in range(max(bisect_left(self.usable, first), low + 1), high):
            if self.usable[k] > last:
                return
            weight, pull, rest = self._weights[k], self._pulls[k], info_end - self._infos[k + 1]
            both = (pull + rest) / level_info
            moment = weight * self._surprises[k] + moment_end - self._moments[k + 1] - both * level_moment
            yield self.usable[k], moment * moment / (weight + rest - both * (pull + rest))


def place(evidence: Evidence, start: int, border: int, end: int) -> int:
    """Where between ``start`` and ``end`` the step near ``border`` is."""
    first, last = max(start + SHORTEST, border - REACH), min(end - SHORTEST, border + REACH)
    profile = [
        (at, strength + 2 * EDGES * log(min(at - start, end - at)))
        for at, strength in evidence.around(start, end, first, last)
    ]
    if not profile:
        return border
    most = max(strength for _, strength in profile)
    likely = [(at, exp((strength - most) / HEAT)) for at, strength in profile if strength > most - 8 * HEAT]

    def near(at: int) -> float:
        return sum(mass * (WITHIN - abs(at - other)) for other, mass in likely if abs(at - other) < WITHIN)

    return max((at for at, _ in likely), key=near)
