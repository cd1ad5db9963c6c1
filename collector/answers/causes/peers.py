"""The canary and the other workloads: what slowed at the same time by as much, slowed by the machine."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from collector.answers.causes.gathered import Gathered, Peer, Seen
from collector.answers.causes.move import FEWEST, error_of_difference, median, move
from collector.answers.causes.step import Sides, is_step, sides
from collector.answers.causes.witness import ENOUGH, Testimony, share, witness
from collector.answers.causes.words import slowed, times

# As the floor of changes themselves: what is less is no change of anything.
FLOOR = math.log(1.03)
# A peer that moved by half of a change that is larger than this has not stood still, however large that is.
LARGEST = math.log(2)
# Medians lie so many standard errors off at the most.
CERTAIN = 2.0
# One other workload may have a reason of its own.
FEWEST_OTHERS = 2


@witness("canary")
def canary(gathered: Gathered) -> Testimony:
    """The reference workload: its code and its data stay the same, so it measures the machine."""
    judged = [_judged(peer, gathered.slowdown) for peer in gathered.peers if peer.is_canary]
    known = [one for one in judged if one["moved"] is not None]
    if not known:
        return Testimony("canary", "machine", known=False, figures={"canary": judged[0]} if judged else {})
    told = max(known, key=lambda one: share(one["ratio"], gathered.slowdown) if one["moved"] else 0.0)
    explains = share(told["ratio"], gathered.slowdown) if told["moved"] else 0.0
    clause = f"the canary {slowed(told['ratio'])} at the same time" if explains else ""
    return Testimony("canary", "machine", True, explains, clause, figures={"canary": told})


@witness("others")
def others(gathered: Gathered) -> Testimony:
    """All other workloads, but for those whose code changed at the same time."""
    free = [peer for peer in gathered.peers if not peer.is_canary and not peer.is_tied]
    judged = {peer.name: _judged(peer, gathered.slowdown) for peer in free}
    known = [one for one in judged.values() if one["moved"] is not None]
    along = [one["ratio"] for one in known if one["moved"] and _is_comparable(one["ratio"], gathered)]
    along += [ratio for ratio in gathered.moved_with if _is_comparable(ratio, gathered)]
    count = len(known) + len(gathered.moved_with)
    figures = {"others": {"moved": len(along), "of": count, "workloads": judged}}
    if count < FEWEST_OTHERS or 2 * len(along) <= count:
        return Testimony("others", "machine", count > 0, figures=figures)
    clause = f"{len(along)} of {count} others {slowed(median(along))} at the same time"
    return Testimony(
        "others", "machine", True, share(median(along), gathered.slowdown), clause, figures=figures
    )


def stood_still(figures: dict[str, Any]) -> str:
    """What to say of a canary that did not move."""
    return f"the canary did not move ({times(figures['ratio'])})"


def _is_comparable(ratio: float, gathered: Gathered) -> bool:
    return share(ratio, gathered.slowdown) >= ENOUGH


def _judged(peer: Peer, slowdown: float) -> dict[str, Any]:
    """Its medians around the moment of the change, and whether it stepped in it.

    ``moved`` is None where it ran too rarely or too unevenly to tell, and False where it moved and not then;
    only where it is ``still`` did it not move at all.
    """
    runs = [*peer.before, *peer.within, *peer.after]
    near = sides([math.log(run.value) for run in runs], len(peer.before), len(peer.before) + len(peer.within))
    told = _figures(runs[near.first : near.at], runs[near.at : near.end])
    if not near.is_few:
        told |= _moved(near, slowdown)
    if (change := peer.change) is not None:
        found = {"ratio": change.ratio, "low": change.low, "high": change.high}
        return told | found | {"moved": True, "still": False}
    return told


def _figures(before: Sequence[Seen], after: Sequence[Seen]) -> dict[str, Any]:
    spent = [[ms for run in side if (ms := run.columns.get("cpu_ms"))] for side in (before, after)]
    is_known = min(map(len, spent)) >= FEWEST
    return {
        "before": median([run.value for run in before]) if before else None,
        "after": median([run.value for run in after]) if after else None,
        "runs": [len(before), len(after)],
        "ratio": None,
        "cpu_ratio": median(spent[1]) / median(spent[0]) if is_known else None,
        "moved": None,
        "still": False,
    }


def _moved(near: Sides, slowdown: float) -> dict[str, Any]:
    apart, error = median(near.after) - median(near.before), error_of_difference(near.before, near.after)
    limits = {"low": math.exp(apart - CERTAIN * error), "high": math.exp(apart + CERTAIN * error)}
    told = {"ratio": math.exp(apart), **limits}
    if is_step(near, FLOOR):
        return told | {"moved": True}
    # That it did not move is said only where a move of half the change could not hide in its noise.
    size = min(abs(math.log(slowdown)) if slowdown > 0 else LARGEST, LARGEST)
    is_still = abs(apart) + error < ENOUGH * size
    is_at_another_time = move(near.before, near.after, FLOOR).moved is True
    return told | {"moved": False if is_still or is_at_another_time else None, "still": is_still}
