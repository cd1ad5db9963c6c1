"""Runs of both sides that met the machine in one state: they tell its doing from that of the code. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from collector.answers.causes.gathered import Gathered, Seen
from collector.answers.causes.move import FEWEST, median
from collector.answers.causes.witness import Testimony


def alike(gathered: Gathered, machine: Sequence[Testimony]) -> tuple[int, float] | None:
    """How many such runs there are after the change, and how much slower they are than those before it.

    The figures that the witnesses against the machine go by have to be the same, within what counts as no
    move. None where a side has too few, or where what moved is no figure of single runs.
    """
    floors = {column: floor for one in machine for column, floor in one.columns.items()}
    known = {c: floor for c, floor in floors.items() if min(map(len, gathered.values(c))) >= FEWEST}
    before = _matched(gathered.before, gathered.after, known)
    after = _matched(gathered.after, gathered.before, known)
    if not known or min(len(before), len(after)) < FEWEST or median(before) <= 0 or median(after) <= 0:
        return None
    ratio = median(after) / median(before)
    return len(after), 1 / ratio if gathered.found.subject.higher_is_better else ratio


def _matched(runs: Sequence[Seen], others: Sequence[Seen], floors: Mapping[str, float]) -> list[float]:
    """The figures of those runs that have their like among the others."""
    return [run.value for run in runs if any(_is_like(run, other, floors) for other in others)]


def _is_like(run: Seen, other: Seen, floors: Mapping[str, float]) -> bool:
    return all(
        (mine := run.columns.get(column)) is not None
        and (theirs := other.columns.get(column)) is not None
        and abs(mine - theirs) < floor
        for column, floor in floors.items()
    )
