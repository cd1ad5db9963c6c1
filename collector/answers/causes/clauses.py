"""What is said beside the reason itself: how the machine was, what came at the same time. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from collector.answers.causes.peers import stood_still
from collector.answers.causes.witness import Testimony
from collector.answers.found import Verdict

Heard = Mapping[str, Testimony]

NOTHING_ELSE = "nothing else that is recorded changed then"
NOT_KNOWN = "the machine's state during these runs is not known"
NOT_CLEAR = "whether the machine was as busy as before is not clear"
# From here on nobody calls a machine quiet: runs beside so much other work are marked as noisy, too.
BUSY_PERCENT = 25.0


def of_machine(heard: Heard) -> list[str]:
    """How the machine was, beside a change that is not its doing."""
    if little := list(too_little(heard)):
        return little
    still = canary_stood_still(heard)
    if not heard["contention"].known:
        return [*([stood_still(heard["canary"].figures["canary"])] if still else []), not_known(heard)]
    others = heard["contention"].figures["others_percent"]["after"]
    how = "busy" if (others or 0.0) >= BUSY_PERCENT else "quiet"
    return [f"the machine was as {how} as before{' and the canary did not move' if still else ''}"]


def not_known(heard: Heard) -> str:
    """Why nothing is said of the machine: nothing is recorded, or not enough to tell."""
    figures = heard["contention"].figures["busy_percent"]
    return NOT_KNOWN if None in (figures["before"], figures["after"]) else NOT_CLEAR


def too_little(heard: Heard) -> Iterator[str]:
    """What of the machine moved, and cannot have done it."""
    for one in heard.values():
        if one.side == "machine" and one.moved and not one.weak and not one.speaks:
            yield f"{one.clause}, too little to explain it"


def canary_stood_still(heard: Heard) -> bool:
    """Whether it is known that the canary did not move."""
    return bool(heard["canary"].figures.get("canary", {}).get("still"))


def in_spite(heard: Heard) -> list[str]:
    """A canary that stood still where the machine is said to have moved: it ran at other times."""
    return ["the canary, at its own times, did not move"] if canary_stood_still(heard) else []


def too(heard: Heard, verdict: Verdict) -> str:
    """What changed about the runs then, where it is not said to be the reason; the commit in any case."""
    names = {"machine": came(heard), "data": heard["code"].brief}.get(verdict)
    return f"{names} came then, too" if names else ""


def came(heard: Heard) -> str:
    """What changed about the runs, in a word or two each; bytes alone are no change of theirs."""
    own = [heard["code"]] if heard["data"].weak else [heard["data"], heard["code"]]
    return " and ".join(one.brief for one in own if one.speaks)
