"""Executions become records: an operation each, with the text of its statement the first time it is seen."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from collector.fingerprint import Dialect
from collector.intake.tails.base import Execution
from collector.plans import redacted_plan
from collector.records.base import KINDS, Statements, Text
from collector.records.columns import LONGEST_MS
from collector.records.operation import LONGEST_SQL
from collector.records.query import LONGEST_TEXT
from collector.records.query_plan import LONGEST_PLAN, QueryPlan

# A statement's plan is stored again when one was slower, or this long after the last.
PLAN_AGAIN_MS = 3_600_000
MOST_PLANS = 10_000


class Arriving:
    """Of one tail: ``source`` is its name and that of its operations, ``kind_of`` query, api, …

    ``statements`` knows what was seen before. What follows from a file, its ``head``, makes the ids of
    its records: what is read twice is stored once.
    """

    def __init__(self, source: str, kind_of: str, dialect: Dialect, statements: Statements) -> None:
        self._source = source
        self._kind_of = kind_of
        self._dialect = dialect
        self._statements = statements
        self._operation: Any = KINDS["operation"].struct
        self._query: Any = KINDS["operation"].parts[0].struct
        self._plans: dict[str, tuple[int, float]] = {}
        self.refused = 0
        """Executions whose times no table can hold."""

    def records(self, executions: Iterable[Execution], head: str) -> list[msgspec.Struct]:
        """The records of executions that one file tells of."""
        made: list[msgspec.Struct] = []
        for one in executions:
            if not (0 <= one.duration_ms <= LONGEST_MS and one.timestamp >= 0):
                self.refused += 1
                continue
            query_hash, query = self._statement(one)
            made.append(
                self._operation(
                    record_id=f"{head}-{one.offset:x}-{one.timestamp:x}",
                    metric_type=self._kind_of,
                    duration_ms=one.duration_ms,
                    timestamp=one.timestamp,
                    query_hash=query_hash,
                    query=query,
                    metadata=one.metadata,
                    **{"metric_name": self._source, **_fitting(one.columns or {})},
                )
            )
            if one.plan and query_hash:
                made += self._plan(one, query_hash)
        return made

    def _statement(self, one: Execution) -> tuple[str | None, Any]:
        if one.sql is None:
            return None, None
        sql = one.sql[:LONGEST_SQL]
        query_hash, text, version = self._statements.of(sql, self._dialect)
        if not self._statements.is_new(query_hash):
            return query_hash, None
        return query_hash, self._query(
            query_hash=query_hash,
            fp_version=version,
            dialect=self._dialect,
            text=text[:LONGEST_TEXT],
            sample=self._statements.sample(sql, self._dialect)[:LONGEST_TEXT],
            first_seen=one.timestamp,
        )

    def _plan(self, one: Execution, query_hash: str) -> list[msgspec.Struct]:
        """The plan, unless one as slow was stored not long ago."""
        at, slowest_ms = self._plans.get(query_hash, (0, -1.0))
        if one.timestamp - at < PLAN_AGAIN_MS and one.duration_ms <= slowest_ms:
            return []
        if len(self._plans) >= MOST_PLANS:
            self._plans.clear()
        self._plans[query_hash] = one.timestamp, one.duration_ms
        plan = redacted_plan(one.plan or "", self._dialect)[:LONGEST_PLAN]
        return [
            QueryPlan.record(
                query_hash=query_hash,
                dialect=self._dialect,
                source=self._source,
                duration_ms=one.duration_ms,
                timestamp=one.timestamp,
                plan=plan,
            )
        ]


def _fitting(columns: dict[str, Any]) -> dict[str, Any]:
    """Texts cut to what their columns hold."""
    return {
        name: value[: _LONGEST[name]] if isinstance(value, str) else value for name, value in columns.items()
    }


_LONGEST: dict[str, int] = {
    column.column_name: column.rules["max_length"]
    for column in KINDS["operation"].given
    if isinstance(column, Text)
}
