"""Copies days of the pattern into the year: moments shifted, times a little other, levels as they were."""

from __future__ import annotations

from typing import Any

from collector.records.base import KINDS, Timestamp

# What became slower or faster in the year: workload, from so many days before today to so many, by how much.
LEVELS = (
    ("unit-tests", 6, 0, 1.25),
    ("canary", 20, 12, 1.4),
    ("health", 40, 0, 0.75),
)  # fmt: skip
_JITTER = "(0.95 + (random() & 1023) / 10240.0)"
DAY_MS = 86_400_000
_TIMES = {
    "run": "wall_ms",
    "operation": "duration_ms",
    "skill": "execution_ms",
    "inference": "inference_time",
}


class Copy:
    """The rows of a kind for the day that began so many days before today."""

    def __init__(self, kind: str, day: int) -> None:
        self._kind, self._day = KINDS[kind], day

    def run(self, conn: Any, begin_ms: int, shift_ms: int, until_ms: int | None = None) -> None:
        """Copy the day of the pattern that begins then; as far as it is before ``until_ms``, if given."""
        columns = [column for column in self._kind.columns if column.column_name != "id"]
        names = ", ".join(f'"{column.column_name}"' for column in columns)
        values = ", ".join(self._value(column, shift_ms) for column in columns)
        table, moment = self._kind.table, self._kind.moment
        where = f'"{moment}" >= ? AND "{moment}" < ?'
        if moment is None:
            runs = "SELECT run_id FROM pattern.benchmark_runs WHERE timestamp >= ? AND timestamp < ?"
            where = f"run_id IN ({runs})"
        end_ms = begin_ms + DAY_MS if until_ms is None else min(begin_ms + DAY_MS, until_ms - shift_ms)
        conn.execute(
            f'INSERT INTO main."{table}" ({names}) SELECT {values} FROM pattern."{table}" WHERE {where}',
            (begin_ms, end_ms),
        )

    def _value(self, column: Any, shift_ms: int) -> str:
        name = column.column_name
        if isinstance(column, Timestamp):
            return f'"{name}" + {shift_ms}'
        if name == "run_id":
            return f"substr(run_id, 1, 24) || '{self._day:08x}'"
        if name == "git_commit":
            return f"iif(git_commit IS NULL, NULL, '{self._day:040x}')"
        if name == _TIMES.get(self._kind.name):
            return f"round({name} * {_JITTER} * {self._level()}, 6)"
        return f'"{name}"'

    def _level(self) -> str:
        if self._kind.name != "run":
            return "1"
        cases = " ".join(
            f"WHEN '{workload}' THEN {ratio}"
            for workload, since, until, ratio in LEVELS
            if until <= self._day < since
        )
        return f"CASE workload {cases} ELSE 1 END" if cases else "1"


def copy_rollups(conn: Any, tier_s: int, begin_ms: int, shift_ms: int) -> None:
    """The rollups of a day, digit by digit: what is made up of them would need other bytes."""
    conn.execute(
        "INSERT INTO main.rollups (series_id, tier_s, timestamp, count, sum, min, max, sketch)"
        " SELECT series_id, tier_s, timestamp + ?, count, sum, min, max, sketch FROM pattern.rollups"
        " WHERE tier_s = ? AND timestamp >= ? AND timestamp < ? ORDER BY timestamp, series_id",
        (shift_ms, tier_s, begin_ms, begin_ms + DAY_MS),
    )
