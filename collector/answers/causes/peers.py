"""The canary and the other workloads: what slowed at the same time by as much, slowed by the machine."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from collector.answers.causes.gathered import Gathered, Peer
from collector.answers.causes.move import error_of_difference, median, move
from collector.answers.causes.witness import ENOUGH, Testimony, share, witness
from collector.answers.causes.words import slowed, times

# As the floor of changes themselves: what is less is no change of anything.
FLOOR = math.log(1.03)
# Three runs a side lie apart by chance in one case of ten, and the canary decides over the code.
FEWEST_RUNS = 4
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
    """Its medians, and whether it moved; None where it ran too rarely or too unevenly to tell."""
    before, after = _logs(peer.before), _logs(peer.after)
    told: dict[str, Any] = {
        "before": median(peer.before) if peer.before else None,
        "after": median(peer.after) if peer.after else None,
        "runs": [len(peer.before), len(peer.after)],
        "ratio": None,
        "moved": None,
    }
    if min(len(before), len(after)) < FEWEST_RUNS:
        return told
    apart = median(after) - median(before)
    moved = move(before, after, FLOOR).moved is True
    # That it did not move is said only where a move of half the change could not hide in its noise.
    hidden = abs(apart) + error_of_difference(before, after)
    is_still = hidden < ENOUGH * abs(math.log(slowdown))
    return told | {"ratio": math.exp(apart), "moved": moved or (False if is_still else None)}


def _logs(values: Sequence[float]) -> list[float]:
    return [math.log(value) for value in values if value > 0]
