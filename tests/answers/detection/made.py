"""Series for the tests, from seeded noise of several shapes."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence


def noisy(
    seed: int, runs: int, *, phi: float = 0.6, innovation: float = 0.04, outliers: float = 0.15
) -> list[float]:
    """About 100, autocorrelated, and so many of the runs 1.2 to 2 times slower."""
    rng = random.Random(seed)
    state, values = rng.gauss(0, innovation / math.sqrt(1 - phi * phi)), []
    for _ in range(runs):
        state = phi * state + rng.gauss(0, innovation)
        slower = rng.uniform(1.2, 2) if rng.random() < outliers else 1.0
        values.append(100 * math.exp(state) * slower)
    return values


def stepped(values: Sequence[float], factor: float, start: int, end: int | None = None) -> list[float]:
    """The values, those from ``start`` (to ``end``) times ``factor``."""
    stop = len(values) if end is None else end
    return [value * factor if start <= i < stop else value for i, value in enumerate(values)]


def two_modes(seed: int, runs: int, share: float = 0.5) -> list[float]:
    """100 or 130 at random."""
    rng = random.Random(seed)
    return [(130 if rng.random() < share else 100) * math.exp(rng.gauss(0, 0.01)) for _ in range(runs)]
