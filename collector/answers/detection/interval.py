"""The ratio of two levels and its confidence interval."""

from __future__ import annotations

from math import exp, sqrt

from collector.answers.detection.logs import median
from collector.answers.detection.noise import Noise, noise_around

# The variance of a median is up to π/2 times that of a mean; outliers on one side add to it.
OF_MEDIAN = 1.6
# What a float can hold, as a logarithm.
MOST = 700.0


def ratio_of(noise: Noise, k: int) -> tuple[float, float, float]:
    """Of the medians after and before inner border ``k`` (0 is the first), with its 95 % limits."""
    start, border, end = noise.borders[k : k + 3]
    if noise.modes:
        noise = noise_around(noise.logs, noise.borders, ranks=False)
    moved = median(noise.logs[border:end]) - median(noise.logs[start:border])
    error = sqrt(OF_MEDIAN * (noise.of_mean(border - start) + noise.of_mean(end - border)))
    phi, shorter = noise.correlation, min(border - start, end - border)
    off = students_t(max(2.0, 2 * shorter * (1 - phi) / (1 + phi))) * error
    return exp(moved), exp(moved - off), exp(min(moved + off, MOST))


def students_t(freedom: float) -> float:
    """The 97.5 % quantile of Student's distribution, by expansion about the normal one (Fisher 1925)."""
    z, v = 1.96, freedom
    return z + (z**3 + z) / (4 * v) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * v * v)
