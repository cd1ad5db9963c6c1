"""The last line of `collector why`: one plain sentence, never more than the figures show. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from collector.answers.timed import Row
from collector.answers.usual import code as code_words
from collector.answers.usual.normal import ENOUGH, LEAST_MS, LEAST_SHARE
from collector.answers.usual.reasons import THERMAL
from collector.units import percent

# What the machine was, by what stands out; in this order.
_MACHINE = {
    "cpu": "busy",
    "heat": "hot",
    "clock": "slowed down",
    "memory": "short of memory",
    "io": "waiting for its disks",
    "disk": "busy on its disks",
    "power": "on battery",
    "network": "busy on the network",
    "space": "short of disk space",
}
NOTHING = "nothing that is recorded was unusual"


def of_run(answer: Row, run: Row) -> str:
    """Of a run of a workload: was it the machine, the code, or is it not to be told?"""
    if run["outcome"] != "ok":
        return _of_failed(answer, run)
    if answer["time"] is None or answer["time"]["enough"] is False:
        return _too_few(answer)
    side = answer["time"]["stands_out"]
    if side is None:
        return _as_usual(answer)
    return _of_faster(answer) if side == "below" else _of_slower(answer)


def of_execution(answer: Row) -> str:
    """Of an operation, an inference or a skill: the machine, or not to be told."""
    time = answer["time"]
    if answer["execution"]["success"] == 0:
        return f"it failed; {_machine_clause(answer)}"
    if not time["enough"]:
        return _too_few(answer)
    if time["stands_out"] is None:
        return _as_usual(answer)
    if time["stands_out"] == "below":
        return "it was faster than usual; nothing that is recorded says why"
    return _machine(answer) or _nothing(answer)


def of_moment(answer: Row) -> str:
    """Of a moment: what the machine was."""
    if not _is_recorded(answer):
        return "nothing is recorded of the machine at that time"
    return _machine(answer) or _nothing(answer)


def _of_slower(answer: Row) -> str:
    machine, code = _machine(answer), answer["code"]
    changed = code_words.has_changed(code)
    if machine and changed:
        return f"{machine}, and {code_words.words(code)}: the record does not tell which it was"
    if machine:
        return f"{machine}; {code_words.words(code)}"
    if changed:
        return f"{code_words.words(code)}; {_quiet(answer)}"
    if work := _work(answer):
        return f"{work}; {_quiet(answer)}"
    return NOTHING if _is_comparable(answer) else f"{code_words.words(code)}; {_quiet(answer)}"


def _of_faster(answer: Row) -> str:
    reasons = [_work(answer)]
    if code_words.has_changed(answer["code"]):
        reasons.append(code_words.words(answer["code"]))
    told = " and ".join(reason for reason in reasons if reason)
    return f"it was faster than usual; {told or 'nothing that is recorded says why'}"


def _as_usual(answer: Row) -> str:
    machine = _machine(answer)
    return _told_of_usual(answer["time"]) + (f", though {machine}" if machine else "")


def _told_of_usual(time: Row) -> str:
    """Of a time that does not stand out: it may still be the longest of all, by a hair."""
    if time["beyond"] is None:
        return "it took as long as usual"
    word = "slower" if time["beyond"] == "above" else "faster"
    return f"it was a hair {word} than usual (by less than {100 * LEAST_SHARE:.0f} % or {LEAST_MS:g} ms)"


def _of_failed(answer: Row, run: Row) -> str:
    code = answer["code"]
    if run["wall_ms"] is None:
        began = "it never began"
    else:
        began = "it was ended by its timeout" if run["outcome"] == "timeout" else "it did not go well"
    told = [began]
    if code and code_words.has_changed(code) and code["change"] not in ("since", "recent"):
        told.append(code_words.words(code))
    return "; ".join([*told, _machine_clause(answer)])


def _too_few(answer: Row) -> str:
    machine = _machine(answer)
    return too_few(answer["time"] or {}) + (f"; {machine}" if machine else "")


def too_few(time: Row) -> str:
    """That nobody can say what is usual, and whether that is because of a change that was accepted."""
    since = " since the accepted change" if time.get("since_ms") is not None else ""
    return f"too few runs ({time.get('runs', 0)} of {ENOUGH}){since} to say what is usual"


def _machine_clause(answer: Row) -> str:
    return _machine(answer) or _quiet(answer)


def _machine(answer: Row) -> str:
    """What the machine was, by the figures that stand out; empty where none does."""
    concerns = {_concern(row) for row in answer["figures"] if row["stands_out"] is not None}
    told = [word for concern, word in _MACHINE.items() if concern in concerns]
    return f"the machine was {joined(told)}" if told else ""


def _concern(row: Row) -> str:
    """What a figure is about; of a clock that heat slowed down, that is the heat."""
    is_thermal = row["concern"] == "clock" and (row["why"] or "").startswith(THERMAL)
    return "heat" if is_thermal else str(row["concern"])


def _quiet(answer: Row) -> str:
    """What can be said of the machine where nothing of it stands out."""
    if _is_comparable(answer):
        return "the machine was as usual"
    if _is_recorded(answer):
        return "too little is recorded to say how the machine usually is"
    return "nothing is recorded of the machine"


def _nothing(answer: Row) -> str:
    return NOTHING if _is_comparable(answer) else "too little is recorded to say what is usual"


def _work(answer: Row) -> str:
    """What the run itself did more or less of than usual."""
    told = [
        f"{_changed(row['value'], row['median'])} {row['label']}"
        for row in answer["figures"]
        if row["concern"] == "work" and row["stands_out"] is not None
    ]
    return f"it had {joined(told[:2])}" if told else ""


def _changed(value: float, usual: float) -> str:
    """``38 % more``; over three times as much ``×3.2 as much``."""
    if usual <= 0:
        return "more"
    ratio = value / usual
    if ratio >= 3:
        return f"×{ratio:.1f} as much"
    return f"{percent(abs(100 * (ratio - 1)))} {'more' if ratio > 1 else 'less'}"


def _is_recorded(answer: Row) -> bool:
    return any(row["value"] is not None for row in _of_machine(answer))


def _is_comparable(answer: Row) -> bool:
    return any(row["value"] is not None and row["median"] is not None for row in _of_machine(answer))


def _of_machine(answer: Row) -> list[Row]:
    return [row for row in answer["figures"] if row["concern"] != "work"]


def joined(words: Sequence[Any]) -> str:
    """``a, b and c``."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
