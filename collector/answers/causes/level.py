"""Whether a run may be of a level, which one that is fast or slow by chance still is. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence

from collector.answers.causes.move import median, spread

# Runs farther from a level's median than so many standard deviations are not of that level ...
FARTHEST = 3.0
# ... and a clock or a median of four is no finer than this.
FINEST = math.log(1.02)


def may_be(value: float, level: Sequence[float]) -> bool:
    """Whether a figure lies where those of a level do."""
    if value <= 0:
        return False
    logs = [math.log(one) for one in level if one > 0]
    return bool(logs) and abs(math.log(value) - median(logs)) <= FARTHEST * max(spread(logs), FINEST)
