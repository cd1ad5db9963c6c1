"""Weighs what the witnesses said: the verdict, and the clauses of its sentence by their weight."""

from __future__ import annotations

from dataclasses import dataclass

from collector.answers.causes.alike import alike
from collector.answers.causes.clauses import (
    NOTHING_ELSE,
    Heard,
    brief,
    canary_stood_still,
    in_spite,
    not_known,
    of_machine,
    too,
    too_little,
)
from collector.answers.causes.gathered import Gathered
from collector.answers.causes.witness import ENOUGH, Testimony, share
from collector.answers.found import Verdict

# The witnesses that are work themselves, and so measure the machine as a whole.
WORK = {"canary", "others"}
# What holds a run up without costing it processor time of its own.
WAITING = {"contention", "memory", "disk"}
# Processor time that rose by this part of the change is no waiting.
NEARLY_ALL = 0.75


@dataclass(frozen=True, slots=True)
class Weighed:
    """A verdict, and what is to be said, the most important first."""

    verdict: Verdict
    clauses: list[str]


def weigh(gathered: Gathered, heard: Heard) -> Weighed:
    """The machine, the code or the data where one of them explains the change; else what is not known.

    What shows on a busy machine only is the machine's, unless it was known to be as busy before, and
    something else changed.
    """
    machine = _speaking(heard) if gathered.is_time else []
    own = _own(heard)
    if gathered.found.only_noisy and (machine or own is None or not heard["contention"].known):
        return Weighed("machine", ["only runs on a busy machine show it", *_clauses(machine), *too(own)])
    if machine and own is not None:
        return _both(gathered, heard, machine, own)
    if machine:
        return Weighed("machine", [*_clauses(machine), *in_spite(heard)])
    if own is not None:
        return _own_alone(heard, own)
    return _weak(heard) or _unknown(gathered, heard)


def processor_share(gathered: Gathered) -> float | None:
    """Which part of the change the runs' own processor time makes up; None where it is not known."""
    moved = gathered.move("cpu_ms")
    if moved.moved is None or not moved.before or not moved.after:
        return None
    return share(moved.after / moved.before, gathered.slowdown)


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


def _both(gathered: Gathered, heard: Heard, machine: list[Testimony], own: Testimony) -> Weighed:
    """Both moved at once: runs that only one of them can have touched decide, or nobody does."""
    if (equal := alike(gathered, machine)) is not None:
        count, ratio = equal
        if share(ratio, gathered.slowdown) >= ENOUGH:
            return Weighed(own.side, [own.clause, f"{count} runs under equal conditions show it too"])
        return Weighed("machine", [*_clauses(machine), f"{count} runs under equal conditions do not"])
    if machine[0].name == "canary":
        return Weighed("machine", [*_clauses(machine), *too(own)])
    spent = processor_share(gathered)
    if spent is not None and spent >= NEARLY_ALL and canary_stood_still(heard):
        words = "its own processor time rose with it and the canary did not move"
        return Weighed(own.side, [own.clause, words, machine[0].clause])
    if spent is not None and spent <= 1 - ENOUGH and machine[0].name in WAITING:
        return Weighed("machine", [*_clauses(machine), "its own processor time did not follow", *too(own)])
    return Weighed(
        "unknown", [f"{brief(own)} came when {machine[0].clause}", "these runs cannot tell which it was"]
    )


def _own_alone(heard: Heard, own: Testimony) -> Weighed:
    also = heard["code"] if own.side == "data" and heard["code"].speaks else None
    kernel = [heard["kernel"].clause] if heard["kernel"].speaks else []
    return Weighed(own.side, [own.clause, *too(also), *kernel, *of_machine(heard)])


def _weak(heard: Heard) -> Weighed | None:
    """What only came at the same time, where nothing else speaks."""
    for name in ("data", "kernel", "version"):
        if heard[name].speaks:
            return Weighed(heard[name].side, [heard[name].clause, *of_machine(heard)])
    return None


def _unknown(gathered: Gathered, heard: Heard) -> Weighed:
    clauses = [*too_little(heard), NOTHING_ELSE]
    if gathered.found.subject.kind == "canary":
        # Its code and data stay the same by design, so what changed it is the machine, recorded or not.
        return Weighed("machine", ["the canary's own work is always the same", *clauses])
    if heard["kernel"].moved:
        clauses.insert(0, heard["kernel"].clause)
    if not heard["contention"].known:
        clauses.append(not_known(heard))
    if all(heard["code"].figures["git_dirty"][side] for side in ("before", "after")):
        clauses.append("its folder had uncommitted changes all along")
    return Weighed("unknown", clauses)


def _clauses(machine: list[Testimony]) -> list[str]:
    return [one.clause for one in machine]
