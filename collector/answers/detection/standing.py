"""Which candidates stand: each has to be stronger than the noise alone would make it somewhere."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import comb, log

from collector.answers.detection.evidence import PART, Evidence, place
from collector.answers.detection.noise import Noise, noise_around
from collector.answers.detection.optimal import SHORTEST, SHORTEST_INSIDE

# A border is moved by at most so many runs a turn.
REACH = 20
# So much more a step needs where the runs have two modes.
CLEAR_OF_MODES = 1.25
# And so much where the clock ticks coarsely: levels between two ticks are seen less well.
CLEAR_OF_TICKS = 1.2
# Once each step is at its place it needs this part again, and the plain difference of the two means this.
AGAIN, PLAIN = 0.9, 0.6
# With less than this part of what it needs a candidate goes at once, beside the weakest.
HOPELESS = 0.3
# A bundle of outliers is no level: of a level so much are runs near it, and chance makes such a bundle in
# fewer than so many series. From so many runs on it need not be asked.
MOSTLY, CHANCE, LONG = 0.6, 0.002, 40
# However much evidence there is, a step to what is no level has no more than this part of what it needs.
NO_LEVEL = 0.5
# Steps are added at so many promising places, one by one; to a longer series than this at the best one,
# and only where it has enough evidence in the noise without it, which is too large.
TRIES, LONG_SERIES = 3, 400


def needed(runs: int, shorter: int) -> float:
    """How much evidence a step needs in a series of ``runs``, with so many on its shorter side.

    Calibrated on generated series without a step, so that 1 % of those with 200 runs and less than 2 % of
    those with 60 have one. A short side can be in many more places, so it needs more; so does a short
    series, which knows little of its noise.
    """
    return 14.7 + 115 / runs + 11 * log(max(1.0, runs / (2 * shorter)))


def standing(logs: Sequence[float], found: Sequence[int]) -> tuple[list[int], Noise]:
    """The borders that are left, and the noise around the levels between them.

    Candidates that do not stand go. One beside the true place may have hidden the step there, so another
    is then looked for in each level that is left.
    """
    noise = _eliminated(logs, [0, *found, len(logs)])
    while (better := _with_another(noise)) is not None:
        noise = better
    return list(noise.borders[1:-1]), noise


def _eliminated(logs: Sequence[float], candidates: Sequence[int]) -> Noise:
    """The noise around the levels between those that stand, each at its place.

    The weakest go first (and with them those that are hopeless and not beside them), then all are
    examined again: without it, its neighbours may be stronger, or the noise larger. Those that stay are
    not moved before all stand: they would be drawn to the places of such as go next.
    """
    borders = candidates
    while len(borders) > 2:
        moved, strengths = _examined(noise_around(logs, borders))
        if min(strengths) >= 1:
            noise = _settled(logs, moved)
            borders, strengths = noise.borders, _confirmed(noise)
            if min(strengths) >= 1:
                return noise
        borders = _without_weakest(borders, strengths)
    return noise_around(logs, borders)


def _with_another(noise: Noise) -> Noise | None:
    """The levels with one more step, where that and all others stand; None when there is no such step."""
    for at in _promising(noise):
        settled = _settled(noise.logs, sorted([*noise.borders, at]))
        if min(_confirmed(settled)) >= 1:
            return settled
    return None


def _promising(noise: Noise) -> list[int]:
    """Where one more step has most evidence beyond what it needs: some places, apart from each other."""
    evidence, n = Evidence(noise, part=PART), len(noise.logs)
    ranked = [
        (most - needed(n, min(at - start, end - at)), at)
        for start, end in pairwise(noise.borders)
        for at, most in evidence.around(start, end, start + SHORTEST, end - SHORTEST)
    ]
    if n > LONG_SERIES:
        return [at for beyond, at in [max(ranked, default=(0.0, 0))] if beyond > 0]
    apart: list[int] = []
    for _, at in sorted(ranked, reverse=True):
        if len(apart) < TRIES and all(abs(at - other) >= SHORTEST_INSIDE for other in apart):
            apart.append(at)
    return apart


def _examined(noise: Noise) -> tuple[list[int], list[float]]:
    """Each border at its strongest place nearby, and its evidence as a multiple of what is needed."""
    evidence, borders, n = Evidence(noise), noise.borders, len(noise.logs)
    moved, strengths = [0], []
    for k, (start, border, end) in enumerate(zip(borders, borders[1:], borders[2:], strict=False)):
        first, last = max(start, moved[-1]) + SHORTEST, end - SHORTEST
        around = evidence.around(start, end, max(first, border - REACH), min(last, border + REACH))
        at, most, least = max(
            ((at, most, needed(n, min(at - start, end - at))) for at, most in around),
            key=lambda found: found[1] - found[2],
            default=(border, 0.0, 1.0),
        )
        moved.append(at)
        strength = most / least
        if noise.modes:
            strength /= CLEAR_OF_MODES
        elif noise.ticks:
            strength /= CLEAR_OF_TICKS
        strengths.append(strength if _is_level(noise, k) else min(strength / 100, NO_LEVEL))
    return [*moved, n], strengths


def _is_level(noise: Noise, k: int) -> bool:
    """Whether the shorter side of step ``k`` is more than a bundle of outliers in a row."""
    lengths = [b - a for a, b in pairwise(noise.borders)]
    side, other = (k, k + 1) if lengths[k] < lengths[k + 1] else (k + 1, k)
    length, at_end = lengths[side], side in {0, len(lengths) - 1}
    if length < (SHORTEST if at_end else SHORTEST_INSIDE):
        return False
    if noise.kept[side] < max(SHORTEST, MOSTLY * length):
        return False
    if length >= LONG or noise.modes:
        return True
    outliers = noise.above if noise.means[side] > noise.means[other] else noise.below
    share = (sum(outliers) - outliers[side] + 1) / (len(noise.logs) - length + 2)
    chance = _at_least(noise.kept[side], length, share)
    return chance * (2 if at_end else len(noise.logs)) < CHANCE


def _at_least(hits: int, of: int, share: float) -> float:
    """The binomial chance of so many hits or more."""
    return sum(comb(of, k) * share**k * (1 - share) ** (of - k) for k in range(hits, of + 1))


def _without_weakest(borders: Sequence[int], strengths: Sequence[float]) -> list[int]:
    """The borders but the weakest, and but the hopeless ones that are not neighbours of one that goes."""
    weakest = strengths.index(min(strengths))
    gone = {weakest + 1}
    for k in sorted(range(len(strengths)), key=strengths.__getitem__):
        if strengths[k] < HOPELESS and not {k, k + 2} & gone:
            gone.add(k + 1)
    return [border for k, border in enumerate(borders) if k not in gone]


def _settled(logs: Sequence[float], borders: Sequence[int]) -> Noise:
    """Each step at its place, seen between its neighbours."""
    evidence = Evidence(noise_around(logs, borders), part=PART)
    settled = [0]
    for border, end in pairwise(borders[1:]):
        settled.append(place(evidence, settled[-1], border, end))
    return noise_around(logs, [*settled, len(logs)])


def _confirmed(noise: Noise) -> list[float]:
    """The same strengths for steps at their places; the plain difference of the levels has to agree."""
    _, strengths = _examined(noise)
    for k, (start, border, end) in enumerate(
        zip(noise.borders, noise.borders[1:], noise.borders[2:], strict=False)
    ):
        moved = noise.means[k + 1] - noise.means[k]
        error = noise.of_mean(max(1, noise.kept[k])) + noise.of_mean(max(1, noise.kept[k + 1]))
        plain = moved * moved / error / needed(len(noise.logs), min(border - start, end - border))
        strengths[k] = min(strengths[k] / AGAIN, plain / PLAIN)
    return strengths
