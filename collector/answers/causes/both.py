"""The machine and the runs themselves changed at once: which of them explains the change. Pure."""

from __future__ import annotations

import math

from collector.answers.causes.alike import alike
from collector.answers.causes.clauses import Heard, came, canary_stood_still
from collector.answers.causes.gathered import Gathered
from collector.answers.causes.witness import ENOUGH, WORK, Testimony, share
from collector.answers.causes.words import times
from collector.answers.found import Verdict

# What holds a run up without costing it processor time of its own.
WAITING = {"contention", "memory", "disk"}
# Other work that moved by this part of the change, or more, moved by as much; and what makes up the rest
# at the most is nothing beside it.
NEARLY_ALL = 0.75
# A busy machine, with its caches shared, makes no program work so much longer beside what it does to the
# canary.
MUCH = math.log(1.5)


def both(
    gathered: Gathered, heard: Heard, machine: list[Testimony], own: Testimony
) -> tuple[Verdict, list[str]]:
    """Runs that only one of them can have touched decide, then processor time; or nobody does."""
    clauses = [one.clause for one in machine]
    if (equal := alike(gathered, machine)) is not None:
        count, ratio = equal
        if share(ratio, gathered.slowdown) >= ENOUGH:
            return own.side, [own.clause, f"{count} runs under equal conditions show it too"]
        return "machine", [*clauses, f"{count} runs under equal conditions do not"]
    worked, of_canary = _worked(gathered), _of_canary(heard)
    if worked is not None and of_canary is not None and _is_own(worked / of_canary, gathered):
        return own.side, [own.clause, _processor_time(worked, of_canary, heard), machine[0].clause]
    if not _follows(worked, of_canary, gathered):
        if machine[0].name in WORK and _is_as_much(machine[0], heard, gathered):
            return "machine", clauses
        if machine[0].name in WAITING and worked is not None and not canary_stood_still(heard):
            return "machine", [*clauses, "its own processor time did not follow"]
    return "unknown", [f"{came(heard)} came when {machine[0].clause}", "these runs cannot tell which it was"]


def _worked(gathered: Gathered) -> float | None:
    """The ratio of the runs' own processor time; None where it is not known, or not clear."""
    moved = gathered.move("cpu_ms")
    if moved.moved is None or not moved.before or not moved.after:
        return None
    return moved.after / moved.before if moved.moved else 1.0


def _of_canary(heard: Heard) -> float | None:
    """That of the canary, whose work stays the same: a slower clock and shared caches show there."""
    ratio: float | None = heard["canary"].figures.get("canary", {}).get("cpu_ratio")
    return 1.0 if ratio is None and canary_stood_still(heard) else ratio


def _is_own(ratio: float, gathered: Gathered) -> bool:
    """Whether processor time beyond the canary's is work that the runs did not have before."""
    return share(ratio, gathered.slowdown) >= ENOUGH or _is_much(ratio, gathered)


def _follows(worked: float | None, of_canary: float | None, gathered: Gathered) -> bool:
    """Whether processor time went with the change by enough to leave open whose doing it is."""
    if worked is None:
        return False
    ratio = worked / (of_canary or 1.0)
    return share(ratio, gathered.slowdown) > 1 - NEARLY_ALL or _is_much(ratio, gathered)


def _is_much(ratio: float, gathered: Gathered) -> bool:
    return (math.log(ratio) if gathered.slowdown > 1 else -math.log(ratio)) >= MUCH


def _is_as_much(work: Testimony, heard: Heard, gathered: Gathered) -> bool:
    """Whether other work moved by the same ratio: nearly, or as far as both are known."""
    if NEARLY_ALL <= work.explains <= 1 / NEARLY_ALL:
        return True
    if work.name != "canary":
        return False
    canary, (low, high) = heard["canary"].figures["canary"], gathered.limits
    return bool(canary["low"] <= high and low <= canary["high"])


def _processor_time(worked: float, of_canary: float, heard: Heard) -> str:
    if canary_stood_still(heard):
        word = "rose" if worked > 1 else "fell"
        return f"its own processor time {word} with it and the canary did not move"
    return f"its own processor time went {times(worked)}, the canary's {times(of_canary)}"
