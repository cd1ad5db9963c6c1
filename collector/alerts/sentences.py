"""A change of state in plain words."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from collector.alerts.turn import RECOVERED, Details, Turn
from collector.redact import shortened
from collector.units import duration

LONGEST_DETAIL = 200
MOST_NAMED = 5

Words = Callable[[Turn], str]


def sentence(turn: Turn) -> str:
    """Such as ``unit-tests is over its budget: 2 of the last 3 runs took more than 90 s (last 104 s)``."""
    state = turn.concern if turn.to_state == RECOVERED else turn.to_state
    words = _WORDS[state, turn.to_state != RECOVERED](turn)
    return f"{called(turn)} {words}"


def called(turn: Turn) -> str:
    """A subject as one says it: ``unit-tests``, ``query f8ef41f7 of shop``."""
    if turn.subject_kind == "query":
        name = turn.details.get("name")
        return f"query {turn.subject[:8]}" + (f" of {name}" if name else "")
    if turn.subject_kind in {"inference", "skill"}:
        return f"{turn.subject_kind} {turn.subject}"
    return turn.subject


def summary(sentences: Sequence[str]) -> str:
    """Many changes in one sentence; of more than five, the first are named."""
    rest = len(sentences) - MOST_NAMED
    named = "; ".join(sentences[:MOST_NAMED])
    return f"{len(sentences)} more changes of state: {named}" + (f"; and {rest} others" if rest > 0 else "")


def _over(turn: Turn) -> str:
    d = turn.details
    last = "the last ran into its timeout" if d["outcome"] == "timeout" else f"last {duration(d['last_ms'])}"
    many = f"{d['bad']} of the last {d['of']} runs took more than {_limit(d['budget_ms'])}"
    return f"is over its budget: {many} ({last})"


def _within(turn: Turn) -> str:
    d = turn.details
    if d["budget_ms"] is None:
        return "has no budget any more"
    budget, last = _limit(d["budget_ms"]), duration(d["last_ms"])
    return f"is within its budget again: the last {d['of']} runs kept to {budget} (last {last})"


def _failing(turn: Turn) -> str:
    d = turn.details
    if turn.subject_kind != "workload":
        return f"is failing: {d['bad']} of the last {d['of']} executions failed"
    why = f" (last: {shortened(d['detail'] or d['outcome'], LONGEST_DETAIL)})"
    return f"is failing: {d['bad']} runs in a row went wrong{why}"


def _working(turn: Turn) -> str:
    d = turn.details
    if turn.subject_kind != "workload":
        return f"works again: none of the last {d['of']} executions failed"
    return f"works again: {d['of']} runs in a row went well"


def _slow(turn: Turn) -> str:
    d = turn.details
    threshold, last = _limit(d["threshold_ms"]), duration(d["last_ms"])
    return f"is slow: {d['bad']} of the last {d['of']} executions took more than {threshold} (last {last})"


def _quick(turn: Turn) -> str:
    d = turn.details
    if d["threshold_ms"] is None:
        return "is no longer slow: it has no threshold any more"
    many = d["bad"] or "none"
    threshold = _limit(d["threshold_ms"])
    return f"is no longer slow: {many} of the last {d['of']} executions took more than {threshold}"


def _changed(words: str) -> Words:
    def said(turn: Turn) -> str:
        return f"{words}{_figures(turn.details)}"

    return said


def _as_before(turn: Turn) -> str:
    """Mended by another change, or never changed after all, or meant to be so."""
    if turn.details.get("reason") == "gone":
        return "is as before: newer runs do not bear out that it got slower"
    if turn.details.get("reason") == "accepted":
        return "is as it should be: that it got slower was accepted"
    return f"is as fast as before again{_figures(turn.details)}"


def _figures(details: Details) -> str:
    """Before and after, and by how much, as far as they are known."""
    before, after, unit = details.get("before"), details.get("after"), details.get("unit", "ms")
    if before is None or after is None:
        return ""
    shown = f": {_value(before, unit)} → {_value(after, unit)}"
    return f"{shown} ({100 * (after / before - 1):+.0f} %)" if before else shown


def _value(value: float, unit: str) -> str:
    if unit in {"ms", "s"}:
        return duration(value if unit == "ms" else value * 1000)
    figure = f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
    return f"{figure}{unit[1:]}" if unit == "1/s" else f"{figure} {unit}".strip()


def _limit(ms: float) -> str:
    """What somebody set is a round figure: 90 s rather than 90.0 s."""
    return re.sub(r"\.0+ ", " ", duration(ms))


# By state, and whether it begins or ends.
_WORDS: dict[tuple[str, bool], Words] = {
    ("over_budget", True): _over,
    ("over_budget", False): _within,
    ("failing", True): _failing,
    ("failing", False): _working,
    ("slow", True): _slow,
    ("slow", False): _quick,
    ("got_slower", True): _changed("got slower"),
    ("got_faster", True): _changed("got faster"),
    ("change", False): _as_before,
}
