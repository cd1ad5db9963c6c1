"""All that was recorded on both sides of a change, as the witnesses want it: no SQL from here on."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from collector.answers.causes.move import FEWEST, Move, move
from collector.answers.found import Found

# Units of figures that a busy machine bends.
TIMES = ("ms", "s", "1/s")

Values = tuple[Sequence[float], Sequence[float]]


@dataclass(frozen=True, slots=True)
class Seen:
    """One run on a level: when (ms), its figure, and the columns of `Run` where it is one."""

    timestamp: int
    value: float
    columns: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Peer:
    """Another workload around a change, by its runs (ms): before it, within its moment, and after it.

    ``is_tied``: its code changed then as well, so that it is no witness against the code. ``change`` is one
    that was found of it in that moment.
    """

    name: str
    is_canary: bool
    before: Sequence[Seen]
    within: Sequence[Seen]
    after: Sequence[Seen]
    is_tied: bool = False
    change: Found | None = None


@dataclass(frozen=True, slots=True)
class Origin:
    """What recorded: the recorder's version, the kernel's release, and the boot."""

    version: str | None = None
    kernel: str | None = None
    boot_id: str | None = None


@dataclass(frozen=True, slots=True)
class Gathered:
    """A change, its runs on both levels, and what else is known of these times.

    ``samples`` are figures of the machine around the runs, by the names of columns of `Run`, and of swap.
    ``processes``: the mean share of a core (%) of each program before and after. ``moved_with`` are ratios of
    other changes that were found at the same time, of things that run other code.
    """

    found: Found
    before: Sequence[Seen]
    after: Sequence[Seen]
    peers: Sequence[Peer] = ()
    samples: Mapping[str, Values] = field(default_factory=dict)
    processes: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    origins: tuple[Origin, Origin] = (Origin(), Origin())
    moved_with: Sequence[float] = ()

    @property
    def slowdown(self) -> float:
        """Time after over time before, also of a figure that is a rate; 0 or infinite from or to nothing."""
        was, now, ratio = self.found.median_before, self.found.median_after, self.found.ratio
        ratio = math.inf if was <= 0 else 0.0 if now <= 0 else ratio
        if not self.found.subject.higher_is_better:
            return ratio
        return 1 / ratio if ratio > 0 else math.inf

    @property
    def limits(self) -> tuple[float, float]:
        """Between which ratios of times it lies."""
        low, high = self.found.low, self.found.high
        return (1 / high, 1 / low) if self.found.subject.higher_is_better and low > 0 else (low, high)

    @property
    def is_time(self) -> bool:
        """Whether the figure is one that a machine can change; what something costs in money is none."""
        return self.found.subject.unit in TIMES

    def move(self, column: str, floor: float = 0.0) -> Move:
        """How a column moved: by the runs themselves, or by samples around them where runs do not tell."""
        before, after = self.values(column)
        if min(len(before), len(after)) < FEWEST and column in self.samples:
            before, after = self.samples[column]
        return move(before, after, floor)

    def values(self, column: str) -> Values:
        """What the runs on both sides hold in a column; those without it are left out."""
        return _known(self.before, column), _known(self.after, column)


def _known(runs: Sequence[Seen], column: str) -> list[float]:
    return [float(run.columns[column]) for run in runs if run.columns.get(column) is not None]
