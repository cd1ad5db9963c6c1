"""Percentiles by linear interpolation between ranks, as PERCENTILE_CONT of the SQL standard."""

from __future__ import annotations

import math
from collections.abc import Iterable


def percentile(values: Iterable[float], fraction: float) -> float | None:
    """The value below which ``fraction`` (0 to 1) of ``values`` lie; None when there are none."""
    ordered = sorted(values)
    if not ordered:
        return None
    rank = fraction * (len(ordered) - 1)
    below, above = ordered[math.floor(rank)], ordered[math.ceil(rank)]
    return below + (above - below) * (rank - math.floor(rank))
