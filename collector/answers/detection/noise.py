"""The noise of a series around given levels: its size, its autocorrelation, and which runs are outliers."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from collector.answers.detection.logs import median

# Farther from its level, in standard deviations, a run is an outlier.
FAR = 3.0
LEAST_SCALE = 0.002
# Where fewer runs than this lie near their level there is no level with outliers but, say, two modes:
# then all runs count, and the noise is as large as it is.
MOSTLY = 0.72
# So do outliers of one size, or such as come in bundles.
FEW, ALIKE, BUNDLED = 6, 0.3, 3.0
# Timings of one machine are autocorrelated; a short series cannot show how much. So the estimate starts
# from the highest that any series in `benchmarks/real` has (0.0 to 0.6): too high a start costs steps, too
# low a one makes alarms. It weighs as much as 60 runs: with 30, short series without a change alarmed more.
USUAL, USUAL_RUNS = 0.6, 60.0
MOST = 0.95
# A clock that ticks coarsely: from this share of equal neighbours on, the noise is at least part of a tick.
TIED, OF_A_TICK = 0.25, 0.75
# A run near the border of two levels may belong to either.
BORDER = 25


@dataclass(frozen=True, slots=True)
class Noise:
    """A series of logarithms, cut at ``borders`` (0 first, its length last), and the noise in it."""

    logs: Sequence[float]
    scores: Sequence[float]
    """What levels, noise and evidence are worked out from: the logarithms, or with ``modes`` their ranks."""
    borders: Sequence[int]
    means: Sequence[float]
    """Level of each segment."""
    kept: Sequence[int]
    """How many runs of each segment are no outliers."""
    above: Sequence[int]
    below: Sequence[int]
    """How many are outliers, by side."""
    usable: Sequence[int]
    """Positions that are no outliers; near a border, of neither level."""
    inside: Sequence[int]
    """Positions that are no outliers of their level."""
    correlation: float
    """Between neighbouring runs: the coefficient of an AR(1) process."""
    variance: float
    modes: bool
    """Too many runs are far from their level to call them outliers."""
    ticks: bool = False
    """The values stand on the ticks of a coarse clock."""

    def of_mean(self, runs: int) -> float:
        """Variance of the mean of so many runs in a row."""
        phi = self.correlation
        spread = (1 + phi) / (1 - phi) - 2 * phi * (1 - phi**runs) / (runs * (1 - phi) ** 2)
        return float(self.variance / runs * spread)


def noise_around(logs: Sequence[float], borders: Sequence[int], *, ranks: bool = True) -> Noise:
    """Estimate it, robustly: outliers by their distance from the level, then by what their neighbours say.

    Where the runs have no one level with outliers, their ranks are looked at (unless not ``ranks``): they
    see a change of the shares of two modes, or of the many quick runs among slow ones.
    """
    medians = [median(logs[start:end]) for start, end in pairwise(borders)]
    off = _less(logs, borders, medians)
    tick = _tick(logs, borders)
    far, modes = _far(off, tick)
    if modes:
        return _all_count(logs, _ranks(logs) if ranks else logs, borders)
    near = [value if -far <= value <= far else None for value in off]
    _, flat = _centred(near, borders)
    _drop_unexplained(near, flat, correlated(flat, len(medians))[0], tick)
    shifts, flat = _centred(near, borders)
    phi, variance = correlated(flat, len(medians))
    means = [level + shift for level, shift in zip(medians, shifts, strict=True)]
    return Noise(
        logs=logs,
        scores=logs,
        borders=borders,
        means=means,
        kept=[sum(value is not None for value in flat[a:b]) for a, b in pairwise(borders)],
        above=[sum(value > far for value in off[a:b]) for a, b in pairwise(borders)],
        below=[sum(value < -far for value in off[a:b]) for a, b in pairwise(borders)],
        usable=_usable(logs, borders, means, flat, far),
        inside=[i for i, value in enumerate(flat) if value is not None],
        correlation=phi,
        variance=max(variance, (far / FAR / 2) ** 2),
        modes=False,
        ticks=tick > 0,
    )


def _all_count(logs: Sequence[float], scores: Sequence[float], borders: Sequence[int]) -> Noise:
    """The noise of ``scores``, no run being an outlier."""
    means, flat = _centred(scores, borders)
    phi, variance = correlated(flat, len(means))
    lengths = [end - start for start, end in pairwise(borders)]
    none = [0] * len(lengths)
    usable, least = range(len(logs)), LEAST_SCALE**2
    return Noise(
        logs,
        scores,
        borders,
        means,
        lengths,
        none,
        none,
        usable,
        usable,
        phi,
        max(variance, least),
        modes=True,
    )


def _ranks(logs: Sequence[float]) -> list[float]:
    """From 0 to 1; equal values share the middle of their ranks."""
    ordered = sorted(logs)
    return [(bisect_left(ordered, value) + bisect_right(ordered, value)) / 2 / len(logs) for value in logs]


def _less(logs: Sequence[float], borders: Sequence[int], levels: Sequence[float]) -> list[float]:
    """Each value without the level of its segment."""
    return [
        value - level
        for (start, end), level in zip(pairwise(borders), levels, strict=True)
        for value in logs[start:end]
    ]


def _tick(logs: Sequence[float], borders: Sequence[int]) -> float:
    """The step of a coarse clock inside the segments; 0 for a fine one."""
    inner = set(borders)
    moves = [abs(b - a) for i, (a, b) in enumerate(pairwise(logs), 1) if i not in inner]
    real = sorted([move for move in moves if move > 1e-9])
    tied = len(moves) - len(real)
    return real[len(real) // 5] if real and tied >= TIED * len(moves) else 0.0


def _far(off: Sequence[float], tick: float) -> tuple[float, bool]:
    """From which distance a run is an outlier, and whether the runs have more than one mode."""
    sizes = sorted(map(abs, off))
    far = FAR * max(1.4826 * sizes[len(sizes) // 2], LEAST_SCALE, OF_A_TICK * tick)
    outliers = sizes[int(MOSTLY * (len(sizes) - 1))] <= far
    return far, not outliers or _bundled(off, far) or _alike(off, far)


def _bundled(off: Sequence[float], far: float) -> bool:
    """Whether outliers follow each other more than chance has it: then they are states that last."""
    out = [not -far <= value <= far for value in off]
    count, after_one = sum(out), sum(a and b for a, b in pairwise(out))
    share = count / len(out)
    expected = count * share
    return count >= FEW and after_one - expected > BUNDLED * (expected * (1 - share) + 1) ** 0.5


def _alike(off: Sequence[float], far: float) -> bool:
    """Whether the outliers of a side are at one distance: then they are a second level."""
    for side in ([value for value in off if value > far], [-value for value in off if value < -far]):
        if len(side) >= max(FEW, 0.05 * len(off)):
            side.sort()
            rest = len(side) // 10
            if side[-1 - rest] - side[rest] < ALIKE * side[len(side) // 2]:
                return True
    return False


def _centred(near: Sequence[float | None], borders: Sequence[int]) -> tuple[list[float], list[float | None]]:
    """The mean of each segment, and what is left without it."""
    means, flat = [], []
    for start, end in pairwise(borders):
        known = [value for value in near[start:end] if value is not None]
        mean = sum(known) / len(known) if known else 0.0
        means.append(mean)
        flat += [None if value is None else value - mean for value in near[start:end]]
    return means, flat


def correlated(flat: Sequence[float | None], levels: int) -> tuple[float, float]:
    """The lag-1 autocorrelation, with its bias (Kendall 1954) mended, and the variance."""
    known = [value for value in flat if value is not None]
    n, squares = len(known), sum([value * value for value in known])
    pairs = [a * b for a, b in pairwise(flat) if a is not None and b is not None]
    raw = sum(pairs) / len(pairs) * n / squares if squares > 0 and pairs else 0.0
    mended = raw + (levels * (1 + raw) + 2 * raw) / max(n, 1)
    phi = (mended * n + USUAL * USUAL_RUNS) / (n + USUAL_RUNS)
    return min(max(phi, 0.0), MOST), squares / max(1, n - levels)


def _drop_unexplained(
    near: list[float | None], flat: Sequence[float | None], phi: float, tick: float
) -> None:
    """Take out of ``near`` what is far from what both neighbours in an AR(1) process say of it."""
    places = [i for i, value in enumerate(flat) if value is not None]
    known = [value for value in flat if value is not None]
    share = phi / (1 + phi * phi)
    left = [b - share * (a + c) for a, b, c in zip(known, known[1:], known[2:], strict=False)]
    if left:
        far = FAR * max(1.4826 * sorted(map(abs, left))[len(left) // 2], LEAST_SCALE / 2, OF_A_TICK * tick)
        for i, value in zip(places[1:], left, strict=False):
            if not -far <= value <= far:
                near[i] = None


def _usable(
    logs: Sequence[float],
    borders: Sequence[int],
    means: Sequence[float],
    flat: Sequence[float | None],
    far: float,
) -> list[int]:
    """Positions that count when a border is moved."""
    usable = {i for i, value in enumerate(flat) if value is not None}
    for k in range(1, len(borders) - 1):
        border = borders[k]
        for start, end, other in (
            (max(borders[k - 1], border - BORDER), border, means[k]),
            (border, min(borders[k + 1], border + BORDER), means[k - 1]),
        ):
            usable.update(i for i in range(start, end) if abs(logs[i] - other) <= far)
    return sorted(usable)
