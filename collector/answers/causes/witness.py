"""What a witness is: one kind of evidence, and how much of a change it can explain."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from collector.answers.causes.gathered import Gathered
from collector.registry import Registry

Side = Literal["machine", "code", "data"]

# What explains half of a change, in logarithms, is its main cause; what is less only came with it.
ENOUGH = 0.5
# The witnesses that are work themselves, and so measure the machine as a whole.
WORK = {"canary", "others"}


@dataclass(frozen=True, slots=True)
class Testimony:
    """What one witness says of one change.

    ``known``: whether anything was recorded that it could judge. ``explains`` is the share of the change it
    can account for at the most: 0 for nothing, 1 for all. ``clause`` says it in words, where it moved, and
    ``brief`` in a word or two.
    ``weak``: it only came at the same time, so that it counts where nothing else speaks. ``columns`` of runs
    are those it goes by, with what counts as no move. ``commit``: the first in which the change shows.
    """

    name: str
    side: Side
    known: bool
    explains: float = 0.0
    clause: str = ""
    brief: str = ""
    weak: bool = False
    commit: str | None = None
    columns: Mapping[str, float] = field(default_factory=dict)
    figures: Mapping[str, Any] = field(default_factory=dict)

    @property
    def moved(self) -> bool:
        """Whether there is anything to tell, enough or not."""
        return bool(self.clause)

    @property
    def speaks(self) -> bool:
        """Whether it explains the change."""
        return self.moved and self.explains >= ENOUGH


Ask = Callable[[Gathered], Testimony]
WITNESSES: Registry[Ask] = Registry("witness")


def witness(name: str) -> Callable[[Ask], Ask]:
    """Announce the decorated function as a witness: it says what the figures gathered show, and no more."""
    return lambda ask: WITNESSES.add(name, ask)


def share(ratio: float, slowdown: float) -> float:
    """Which part of a change by ``slowdown`` a factor of ``ratio`` makes up, in logarithms.

    0 where it goes the other way; more than 1 where it is more than the change. Of a change from nothing
    or to nothing, which no factor makes, it is 0.
    """
    if ratio <= 0 or slowdown <= 0 or slowdown == 1 or math.isinf(slowdown):
        return 0.0
    return max(0.0, math.log(ratio) / math.log(slowdown))


def stretched(before_percent: float, after_percent: float) -> float:
    """By how much work takes longer at the most when so much more of the time is not its own.

    Work that got ``100 - before`` percent of what it wanted now gets ``100 - after``.
    """
    return (100 - min(before_percent, 99.0)) / (100 - min(after_percent, 99.0))
