"""Steps that last, and such as lead from one of two levels to the other and back, again and again."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from collector.answers.detection.noise import FAR, Noise, noise_around
from collector.answers.detection.optimal import SHORTEST

# Before, after, and before again is a change that was mended. With one stay more the work has two modes.
MODES = 4


def lasting(noise: Noise) -> Noise:
    """Without the steps between two levels that the series goes to and fro between."""
    borders, inner = noise.borders, range(len(noise.borders) - 2)
    kept = [borders[k + 1] for k in inner if stays(noise, noise.means[k], noise.means[k + 1]) < MODES]
    return noise if len(kept) == len(inner) else noise_around(noise.logs, [0, *kept, borders[-1]])


def stays(noise: Noise, one: float, other: float) -> int:
    """How often in turn the series is at either level, for as many runs as a level needs.

    2 where the levels are so near that the noise alone leads from one to the other.
    """
    reach = FAR * noise.variance**0.5
    if noise.modes or abs(one - other) < 2 * reach:
        return 2
    at = [_nearest(value, (one, other), reach) for value in noise.logs]
    known = [(level, len(list(runs))) for level, runs in groupby(level for level in at if level is not None)]
    return sum(1 for _ in groupby(level for level, runs in known if runs >= SHORTEST))


def _nearest(value: float, levels: Sequence[float], reach: float) -> float | None:
    return next((level for level in levels if abs(value - level) <= reach), None)
