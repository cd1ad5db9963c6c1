"""A series with its single outliers pulled to the level around them; what lasts stays as it is."""

from __future__ import annotations

from collections.abc import Sequence

WINDOW = 9
# At the end a change may be four runs old: five runs decide there what its level is.
LAST = 5
FAR = 2.5
# Residuals from a running median of nine are smaller than the noise by about this.
SHRUNK = 1.15
LEAST = 0.002


def cleaned(logs: Sequence[float]) -> tuple[list[float], float]:
    """The series without outliers, and the scale (standard deviation) of its noise, both of logarithms.

    A value is an outlier when it is far from the median of the runs before it, around it and after it.
    """
    n = len(logs)
    width = min(WINDOW, (n // 2) * 2 - 1)
    medians = [sorted(logs[i : i + width])[width // 2] for i in range(n - width + 1)]
    half, top = width // 2, n - width
    centres = [medians[min(max(i - half, 0), top)] for i in range(n)]
    off = sorted([abs(a - b) for a, b in zip(logs, centres, strict=True)])
    scale = max(1.4826 * SHRUNK * off[n // 2], LEAST)
    last = sorted(logs[-LAST:])[LAST // 2]
    kept = []
    for i, value in enumerate(logs):
        before, around, after = medians[max(i - width + 1, 0)], centres[i], medians[min(i, top)]
        nearby = (before, around, after, last) if i >= top else (before, around, after)
        inside = min(nearby) - FAR * scale <= value <= max(nearby) + FAR * scale
        kept.append(value if inside else around)
    return kept, scale
