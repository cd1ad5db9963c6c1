"""Two sets of runs against each other.

What is compared are the means of the middle halves of the logarithms: robust as medians are, but where
values stand on a few levels (a coarse clock, two modes) a median jumps from one level to the next by
chance, and this mean does not. A rank test has to agree that the sides differ.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import accumulate
from math import exp, inf, log, sqrt

from collector.answers.detection.interval import MOST, students_t
from collector.answers.detection.logs import logs
from collector.answers.detection.noise import LEAST_SCALE, correlated
from collector.answers.detection.result import Comparison, Verdict, level_of

NEEDED = 4
# So many standard errors apart the ranks have to be.
CLEAR = 2.2
# Equal is what cannot be so many floors apart.
EQUAL_WITHIN = 3.0


def compare(before: Sequence[float], after: Sequence[float], *, floor: float = 0.03) -> Comparison:
    """Whether the runs ``after`` are slower or faster than those ``before``, each in time order.

    Slower or faster is what is at least ``floor`` away, with an interval that leaves out 1 and ranks that
    say so too. The same is what lies within three floors of 1, interval and all. Anything else is too few
    runs to tell, as are fewer than four on a side.
    """
    levels = level_of(before), level_of(after)
    if min(len(before), len(after)) < NEEDED:
        ratio = levels[1].median / levels[0].median if levels[0].median > 0 else 1.0
        return Comparison(*levels, ratio, 0.0, inf, "too few")
    series = logs([*before, *after])
    sides = series[: len(before)], series[len(before) :]
    clear, phi = _ranked(*sides)
    moved, off = _moved(*sides, phi)
    verdict = _verdict(moved, off, floor, clear=clear)
    return Comparison(*levels, exp(moved), exp(moved - off), exp(min(moved + off, MOST)), verdict)


def _verdict(moved: float, off: float, floor: float, *, clear: bool) -> Verdict:
    if clear and abs(moved) >= log(1 + floor) and abs(moved) > off:
        return "slower" if moved > 0 else "faster"
    return "same" if abs(moved) + off <= log(1 + EQUAL_WITHIN * floor) else "too few"


def _ranked(before: Sequence[float], after: Sequence[float]) -> tuple[bool, float]:
    """Whether one side mostly lies above the other, and the correlation of neighbouring runs' ranks.

    The test of Mann and Whitney (1947), its variance corrected for ties and widened for autocorrelation.
    Sides that do not overlap at all are clear: ranks cannot say by how much, the interval does.
    """
    counts = Counter([*before, *after])
    values = sorted(counts)
    below = accumulate((counts[value] for value in values), initial=0)
    rank = {value: start + (counts[value] + 1) / 2 for value, start in zip(values, below, strict=False)}
    sides = [[rank[value] for value in side] for side in (before, after)]
    n, m = len(before), len(after)
    means = sum(sides[0]) / n, sum(sides[1]) / m
    flat = [one - mean for side, mean in zip(sides, means, strict=True) for one in side]
    phi = correlated(flat, 2)[0]
    total = n + m
    ties = sum([count**3 - count for count in counts.values()]) / (total * (total - 1))
    error = total * total / (12 * n * m) * (total + 1 - ties) * (1 + phi) / (1 - phi)
    apart = max(before) < min(after) or max(after) < min(before)
    return apart or abs(means[1] - means[0]) > CLEAR * sqrt(error), phi


def _moved(before: Sequence[float], after: Sequence[float], phi: float) -> tuple[float, float]:
    """How far apart the middle halves are, and the half width of the 95 % interval (Yuen 1974).

    A side of few runs may underrate its noise by chance, so the variance is one of both.
    """
    (one, first), (other, second) = _middle_half(before), _middle_half(after)
    n, m = len(before), len(after)
    variance = max((first * n + second * m) / (n + m), LEAST_SCALE**2) * (1 + phi) / (1 - phi)
    freedom = max(2.0, (min(n, m) - 1) * 2 * (1 - phi) / (1 + phi))
    error = sqrt(variance * (1 / n + 1 / m))
    return other - one, students_t(freedom) * error


def _middle_half(values: Sequence[float]) -> tuple[float, float]:
    """Mean of the middle half, and its variance for one run, from the values with the tails pulled in."""
    ordered = sorted(values)
    n, cut = len(ordered), (len(ordered) - 1) // 4
    middle = ordered[cut : n - cut]
    pulled = [middle[0]] * cut + middle + [middle[-1]] * cut
    mean = sum(pulled) / n
    spread = sum([(value - mean) ** 2 for value in pulled]) / (n - 1)
    return sum(middle) / len(middle), spread * (n / len(middle)) ** 2
