"""The moment of a change: what stepped within it stepped at the same time. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from collector.answers.causes.level import may_be
from collector.answers.causes.move import median
from collector.answers.found import Found
from collector.answers.subjects import Point

# How often a subject runs is seen by so many runs.
NEAREST = 12

Window = tuple[int, int]


def moment(found: Found) -> Window:
    """From when to when (ms) it may have come about: between its runs, and a run to each side.

    Work that is slow from a moment on may have begun before it. A run more where the nearest one may as
    well be of the other level, as the border is found no better than that.
    """
    return (
        found.last_before_ms - _slack_ms(found.before[::-1], found.after),
        found.at_ms + _slack_ms(found.after, found.before),
    )


def is_within(found: Found, window: Window) -> bool:
    """Whether another change came about in it."""
    return found.last_before_ms <= window[1] and found.at_ms >= window[0]


def _slack_ms(outward: Sequence[Point], other: Sequence[Point]) -> int:
    gaps = [abs(one.timestamp - two.timestamp) for one, two in pairwise(outward[:NEAREST])]
    is_vague = may_be(outward[0].value, [point.value for point in other])
    return round((1 + is_vague) * median(gaps)) if gaps else 0
