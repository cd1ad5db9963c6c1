"""Operations, inferences and skill executions: which of the last were slow, and which failed."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from collector.alerts.turn import Details, Turn
from collector.alerts.windows import Rule, Windows
from collector.records.operation import TAIL, WARNED_OF
from collector.slow import Thresholds
from collector.slow.measured import OTHERS, Other
from collector.slow.warnings import NEWS_MS

SLOW, FAILING = 0, 1
RULES = (Rule("slow", of=10, bad=5, good=1), Rule("failing", of=10, bad=5, good=0))

# A fingerprint, or a kind and a name.
Key = str | tuple[str, str]
Hear = Callable[[Any, int], Sequence[Turn]]

_NOTHING: dict[str, Any] = {}


def subject_of(key: Key) -> tuple[str, str]:
    """Kind and name of a subject, as a row has them."""
    if isinstance(key, str):
        return "query", key
    return key if key[0] in {"inference", "skill"} else ("operation", " ".join(key))


def key_of(subject_kind: str, subject: str) -> Key:
    """The other way; an operation is its type and its name."""
    if subject_kind == "query":
        return subject
    if subject_kind == "operation":
        metric_type, _, name = subject.partition(" ")
        return metric_type, name
    return subject_kind, subject


class _One(NamedTuple):
    """One execution: what it is called, how long it took, from when on that is slow, and when it ended."""

    name: str
    duration_ms: float
    threshold_ms: float
    ended_ms: int


class Reported:
    """The states of what applications, tails and SQL workloads report, by the thresholds of ``[slow]``.

    ``floors`` are for whoever goes through all records: what is below that of its type and did not fail is
    good, and only counts where its subject is among ``windows.held``.
    """

    def __init__(self, thresholds: Thresholds) -> None:
        self.windows = Windows(RULES)
        self.set(thresholds)

    def set(self, thresholds: Thresholds) -> None:
        """From now on these count."""
        self._thresholds = thresholds
        self.floors = thresholds.floors()

    def operation(self, record: Any, now_ms: int) -> Sequence[Turn]:
        """What an operation changes; nothing, when it ended long ago and was imported."""
        duration_ms = record.duration_ms
        ended_ms = int(record.timestamp + duration_ms)
        if ended_ms < now_ms - NEWS_MS:
            return ()
        metadata = record.metadata or _NOTHING
        if WARNED_OF in metadata:  # by a recorder whose log we follow, which keeps its own alerts
            return ()
        kind, name = record.metric_type, record.metric_name
        key = record.query_hash or (kind, name)
        threshold_ms = self._thresholds.ms(kind, name, metadata.get(TAIL, ""))
        one = _One(name, duration_ms, threshold_ms, ended_ms)
        return self._judged(key, one, record.success, now_ms)

    def others(self) -> dict[object, Hear]:
        """What hears of the other kinds, by the struct of each."""
        return {struct: self._hearer(other) for struct, other in OTHERS.items()}

    def _hearer(self, other: Other) -> Hear:
        def heard(record: Any, now_ms: int) -> Sequence[Turn]:
            kind, name, duration_ms, began_ms, *_ = other.measured(record)
            ended_ms = int(began_ms + duration_ms)
            if ended_ms < now_ms - NEWS_MS:
                return ()
            one = _One(name, duration_ms, self._thresholds.ms(kind, name), ended_ms)
            return self._judged((kind, name), one, record.success, now_ms)

        return heard

    def _judged(self, key: Key, one: _One, success: bool | None, now_ms: int) -> Sequence[Turn]:
        heard = self.windows.heard
        slow = heard(key, SLOW, one.duration_ms > one.threshold_ms, one.ended_ms)
        failing = None if success is None else heard(key, FAILING, not success, one.ended_ms)
        if slow is None and failing is None:
            return ()
        subject, turns = subject_of(key), []
        if slow is not None:
            known_ms = one.threshold_ms if math.isfinite(one.threshold_ms) else None
            details = {**self._figures(key, SLOW, one), "threshold_ms": known_ms}
            turns.append(Turn.of(now_ms, subject, "slow", details, is_bad=slow))
        if failing is not None:
            details = self._figures(key, FAILING, one)
            turns.append(Turn.of(now_ms, subject, "failing", details, is_bad=failing))
        return turns

    def _figures(self, key: Key, which: int, one: _One) -> Details:
        return {
            "bad": self.windows.bad(key, which),
            "of": RULES[which].of,
            "last_ms": one.duration_ms,
            "name": one.name,
        }
