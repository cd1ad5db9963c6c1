"""Runs and operations that began just now, and alerts that stand between a real writer and a list."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from collector.alerts import Alerts, known
from collector.alerts.windows import STAY_MS
from collector.records.operation import Operation
from collector.records.run import Run
from collector.sections import Slow
from collector.slow import Thresholds
from collector.store.writer import Writer
from tests.conftest import START, Store

NOW_MS = START.wall_ms
BUDGET_MS = 90_000.0
FLOOR_PERCENT = 3.0


def run(wall_ms: float | None = 80_000.0, outcome: str = "ok", **more: Any) -> msgspec.Struct:
    """A run of unit-tests, which have 90 s."""
    columns = {"workload": "unit-tests", "timestamp": NOW_MS, "budget_ms": BUDGET_MS}
    return Run.record(**{**columns, "wall_ms": wall_ms, "outcome": outcome, **more})


def operation(duration_ms: float = 3.0, success: bool | None = True, **more: Any) -> msgspec.Struct:
    """An execution of one statement of the shop."""
    columns = {"metric_type": "query", "metric_name": "shop", "query_hash": "f8ef41f7dfc44a5d"}
    return Operation.record(
        **{**columns, "duration_ms": duration_ms, "success": success, "timestamp": NOW_MS, **more}
    )


def later(record: Any, states: int = 1) -> Any:
    """The same after so many times of what a state lasts at least; what is not of now stays where it is."""
    if getattr(record, "timestamp", None) != NOW_MS:
        return record
    return msgspec.structs.replace(record, timestamp=NOW_MS + states * STAY_MS)


class Heard:
    """Alerts as they are without a file: what they put, and what they tell."""

    def __init__(self, slow: Slow = Slow()) -> None:  # noqa: B008  # frozen
        self.rows: list[msgspec.Struct] = []
        self.told: list[Mapping[str, Any]] = []
        self._heard = 0
        thresholds = Thresholds.of(slow)
        self.alerts = Alerts(
            lambda _, rows: self.rows.extend(rows), thresholds, self.told.append, FLOOR_PERCENT
        )

    def hear(self, *records: msgspec.Struct, now_ms: int = NOW_MS) -> list[str]:
        """Store each in a commit of its own; the states that were turned to.

        What is of now ends ten minutes after the one before, so that any state may end.
        """
        before = len(self.told)
        for record in records:
            self._heard += 1
            self.alerts.stored([later(record, self._heard)], now_ms)
        return [alert["to_state"] for alert in self.told[before:]]

    @property
    def sentences(self) -> list[str]:
        """What was told, in words."""
        return [alert["sentence"] for alert in self.told]


class Recording:
    """A real store whose writer tells alerts of what it committed, as the daemon has it."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.told: list[Mapping[str, Any]] = []
        self.begin()

    def begin(self) -> None:
        """As after a restart: only the file knows what was."""
        thresholds = Thresholds.of(Slow())
        alerts = Alerts(lambda _, rows: self.store.put(*rows), thresholds, self.told.append, FLOOR_PERCENT)
        alerts.begin(known.states(self.store.conn), known.runs(self.store.conn))
        self.alerts = alerts
        self.store.writer = Writer(
            self.store.conn, self.store.buffer, stored=lambda records: alerts.stored(records, NOW_MS)
        )

    def store_now(self, *records: msgspec.Struct) -> None:
        """Commit records, and then what came of them."""
        self.store.put(*records)
        while self.store.flush():
            pass

    def rows(self) -> list[tuple[Any, ...]]:
        """The table: subject, concern and both states."""
        return self.store.rows("SELECT subject, concern, from_state, to_state FROM alerts ORDER BY id")
