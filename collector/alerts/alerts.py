"""Hears what was stored, and tells each change of state once: as a row, in the log, and to ``tell``."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec

from collector.alerts import reported, runs
from collector.alerts.known import Known
from collector.alerts.levels import Direction, Levels, Reason, Standing
from collector.alerts.reported import Reported, key_of
from collector.alerts.runs import RUN, Ran, Workloads
from collector.alerts.sentences import sentence
from collector.alerts.turn import GOOD, LONGEST_SUBJECT, RECOVERED, Turn
from collector.alerts.windows import Windows
from collector.log import Folded, get_logger
from collector.redact import shortened
from collector.slow import Thresholds
from collector.slow.measured import OPERATION
from collector.slow.warnings import NEWS_MS

log = get_logger("alerts")

Put = Callable[[float, list[msgspec.Struct]], None]
Tell = Callable[[Mapping[str, Any]], None]


# Kinds of subjects that have several figures, which have nothing to do with each other.
_OF_SEVERAL_FIGURES = frozenset(("inference", "benchmark"))


class Alerts:
    """``put`` takes a row into the buffer, ``tell`` hands a change to a program; neither may block.

    A slowdown is mended within ``floor_percent`` of the level before it. Rows of alerts that come back by
    `stored` are no subject of any, so it never feeds itself.
    `changed`, `by_changes`, `ended` and `standing` may be called from any thread.
    """

    def __init__(self, put: Put, thresholds: Thresholds, tell: Tell, floor_percent: float) -> None:
        self._put = put
        self._tell = tell
        self._lock = threading.Lock()
        self._since_ms: dict[tuple[str, str, str], int] = {}
        self._reported = Reported(thresholds)
        self._workloads = Workloads()
        self._levels = Levels(floor_percent / 100)
        self._hearers = {RUN: self._workloads.heard, **self._reported.others()}
        self._too_many = Folded(log, "alert.too_many")
        self._refused = 0

    def set(self, thresholds: Thresholds, floor_percent: float) -> None:
        """From now on these count, after the config was read again."""
        with self._lock:
            self._reported.set(thresholds)
            self._levels.floor = floor_percent / 100

    def begin(self, states: Iterable[Known], ran: Iterable[Ran] = ()) -> None:
        """Take over what the tables say (`known.states`, `known.runs`), before anything is stored."""
        with self._lock:
            for known in states:
                self._take_over(known)
            self._workloads.remember(ran)

    def stored(self, records: Sequence[msgspec.Struct], now_ms: int) -> None:
        """Look at what was committed; the writer's hook, after each commit."""
        with self._lock:
            turns = self._look(records, now_ms)
            for turn in turns:
                self._note(turn)
        for turn in turns:
            self._say(turn)
        self._say_too_many()

    def changed(
        self,
        subject_kind: str,
        subject: str,
        direction: Direction,
        at_ms: int,
        details: Mapping[str, Any],
        now_ms: int,
    ) -> None:
        """A change was confirmed, whose first run began at ``at_ms``; called once for each.

        ``details`` may hold its number ``id``, and the medians ``before`` and ``after`` and their ``unit``
        (ms), by which a slowdown that was mended is known, and its ``metric``: each figure of a model or a
        benchmark is a subject of its own. Whatever else is in them goes along. Where the state stays what it
        is, nothing is told.
        """
        with self._lock:
            whose = subject_kind, _of_figure(subject_kind, subject, details.get("metric"))
            turn = self._levels.changed(whose, direction, at_ms, details, now_ms)
        if turn is not None:
            self._say(turn)

    def by_changes(self) -> list[Standing]:
        """What got slower and stands, with the change it began with."""
        with self._lock:
            return self._levels.by_changes()

    def ended(self, one: Standing, reason: Reason, now_ms: int) -> None:
        """The changes that it stands by are gone, or were accepted."""
        with self._lock:
            turn = self._levels.ended(one, reason, now_ms)
        if turn is not None:
            self._say(turn)

    def standing(self) -> list[dict[str, Any]]:
        """What is not ok now, the oldest first: subject, state, and since when (ms)."""
        with self._lock:
            found = [*self._since_ms.items()]
            found += [((*whose, "got_slower"), since_ms) for whose, since_ms in self._levels.standing()]
        found.sort(key=lambda one: one[1])
        return [
            {"subject_kind": kind, "subject": subject, "state": state, "since_ms": since_ms}
            for (kind, subject, state), since_ms in found
        ]

    def _look(self, records: Iterable[Any], now_ms: int) -> list[Turn]:
        """The part that every record goes through: nearly all are quick, went well, and so did the last."""
        turns: list[Turn] = []
        heard, floors = self._reported.operation, self._reported.floors
        held, heard_good = self._reported.windows.held, self._reported.windows.heard_good
        news_ms = now_ms - NEWS_MS
        for record in records:
            struct = type(record)
            if struct is OPERATION:
                if record.duration_ms > floors[record.metric_type] or record.success is False:
                    turns += heard(record, now_ms)
                elif held and (key := record.query_hash or (record.metric_type, record.metric_name)) in held:
                    is_new = record.timestamp > news_ms
                    if not (is_new and heard_good(key, by_all=record.success is not None)):
                        turns += heard(record, now_ms)
            elif struct in self._hearers:
                turns += self._hearers[struct](record, now_ms)
        return turns

    def _take_over(self, known: Known) -> None:
        if known.concern == "change":
            self._levels.begin((known.subject_kind, known.subject), known.state, known.details)
            return
        windows, key, rules = self._window(known.subject_kind, known.subject)
        for which, rule in enumerate(rules):
            if rule.state == known.concern:
                windows.stands(key, which, known.since_ms)
                self._since_ms[known.subject_kind, known.subject, known.concern] = known.since_ms

    def _window(self, subject_kind: str, subject: str) -> tuple[Windows, Any, tuple[Any, ...]]:
        if subject_kind == "workload":
            return self._workloads.windows, subject, runs.RULES
        return self._reported.windows, key_of(subject_kind, subject), reported.RULES

    def _note(self, turn: Turn) -> None:
        if turn.to_state == RECOVERED:
            self._since_ms.pop(turn.whose, None)
        else:
            self._since_ms[turn.whose] = turn.timestamp

    def _say(self, turn: Turn) -> None:
        self._put(time.monotonic(), [turn.record()])
        say = log.info if turn.to_state in GOOD else log.warning
        about = {"subject": turn.subject, "subject_kind": turn.subject_kind, "concern": turn.concern}
        say(f"alert.{turn.to_state}", **{**about, **turn.details})
        self._tell({**turn._asdict(), "sentence": sentence(turn)})

    def _say_too_many(self) -> None:
        """Nobody is told of what turns bad while thousands of others are."""
        refused = self._reported.windows.refused + self._workloads.windows.refused
        if refused != self._refused:
            self._refused = refused
            self._too_many.happened(time.monotonic(), standing=len(self._since_ms))


def _of_figure(subject_kind: str, subject: str, metric: str | None) -> str:
    """What an alert is about: ``llama3.1:8b · chat · tokens_per_second``, and its subject else."""
    figure = f" · {metric}" if metric and subject_kind in _OF_SEVERAL_FIGURES else ""
    return shortened(subject, LONGEST_SUBJECT - len(figure)) + figure
