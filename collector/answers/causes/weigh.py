"""Weighs what the witnesses said: the verdict, and the clauses of its sentence by their weight."""

from __future__ import annotations

from dataclasses import dataclass

from collector.answers.causes.both import both
from collector.answers.causes.clauses import (
    NOTHING_ELSE,
    Heard,
    canary_stood_still,
    in_spite,
    not_known,
    of_machine,
    too,
    too_little,
)
from collector.answers.causes.gathered import Gathered
from collector.answers.causes.witness import WORK, Testimony
from collector.answers.found import Verdict

# Said of a commit that came, as one does with each run.
EACH_HAS_ITS_OWN = "nearly every run has a commit of its own"


@dataclass(frozen=True, slots=True)
class Weighed:
    """A verdict, and what is to be said, the most important first; ``last`` in any case, where it is."""

    verdict: Verdict
    clauses: list[str]
    last: str = ""


def weigh(gathered: Gathered, heard: Heard) -> Weighed:
    """The machine, the code or the data where one of them explains the change; else what is not known.

    What shows on a busy machine only is the machine's, unless it was known to be as busy before, and
    something else changed.
    """
    verdict, clauses = _weighed(gathered, heard)
    return Weighed(verdict, clauses, too(heard, verdict))


def _weighed(gathered: Gathered, heard: Heard) -> tuple[Verdict, list[str]]:
    machine = _speaking(heard) if gathered.is_time else []
    own = _own(heard)
    if gathered.found.only_noisy and (machine or own is None or not heard["contention"].known):
        return "machine", ["only runs on a busy machine show it", *_clauses(machine)]
    if machine and own is not None:
        return both(gathered, heard, machine, own)
    if machine:
        return "machine", [*_clauses(machine), *in_spite(heard)]
    if own is not None:
        kernel = [heard["kernel"].clause] if heard["kernel"].speaks else []
        return own.side, [own.clause, *kernel, *of_machine(heard)]
    return _weak(heard) or _unknown(gathered, heard)


def _speaking(heard: Heard) -> list[Testimony]:
    """Witnesses against the machine: other work first, as it measures all of it, then what explains most.

    Where other work speaks, the machine is known to have changed, and whatever moved with it is told too.
    """
    by_work = any(heard[name].speaks for name in WORK)
    found = [
        one
        for one in heard.values()
        if one.side == "machine" and not one.weak and (one.speaks or (by_work and one.moved))
    ]
    return sorted(found, key=lambda one: (one.name not in WORK, not one.speaks, -one.explains))


def _own(heard: Heard) -> Testimony | None:
    """What changed about the runs themselves: more rows first, as the time follows them."""
    for name in ("data", "code"):
        if heard[name].speaks and not heard[name].weak:
            return heard[name]
    return None


def _weak(heard: Heard) -> tuple[Verdict, list[str]] | None:
    """What only came at the same time, where nothing else speaks."""
    for name in ("data", "kernel", "code", "version"):
        one = heard[name]
        if one.speaks and name == "code":
            is_known = heard["contention"].known or canary_stood_still(heard)
            return "code" if is_known else "unknown", [one.clause, *of_machine(heard), EACH_HAS_ITS_OWN]
        if one.speaks:
            return one.side, [one.clause, *of_machine(heard)]
    return None


def _unknown(gathered: Gathered, heard: Heard) -> tuple[Verdict, list[str]]:
    clauses = [*too_little(heard), NOTHING_ELSE]
    if gathered.found.subject.kind == "canary":
        # Its code and data stay the same by design, so what changed it is the machine, recorded or not.
        return "machine", ["the canary's own work is always the same", *clauses]
    if heard["kernel"].moved:
        clauses.insert(0, heard["kernel"].clause)
    if not heard["contention"].known:
        clauses.append(not_known(heard))
    if all(heard["code"].figures["git_dirty"][side] for side in ("before", "after")):
        clauses.append("its folder had uncommitted changes all along")
    return "unknown", clauses


def _clauses(machine: list[Testimony]) -> list[str]:
    return [one.clause for one in machine]
