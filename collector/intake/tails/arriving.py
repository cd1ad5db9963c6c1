"""Executions become operations: with the text of a statement when it is new, and a plan at times."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from zlib import crc32

import msgspec

from collector.fingerprint import Dialect
from collector.intake.statements import Statements
from collector.intake.tails.base import Execution
from collector.records.base import KINDS, Text
from collector.records.columns import LONGEST_MS
from collector.records.operation import LONGEST_SQL, TAIL
from collector.records.statement import plan_columns, query_columns

# A statement's plan is stored again when one was slower, or this long after the last.
PLAN_AGAIN_MS = 3_600_000
MOST_PLANS = 10_000
MOST_FITTED = 1_000
HEAD_CHARACTERS = 10  # of an id: they stand in an index, for each of millions of rows


def _id(one: Execution, head: str) -> str:
    """From file, place and what the entry says: the logs of two servers may begin alike, as MariaDB's do."""
    moment = one.timestamp ^ int(one.duration_ms * 1000)
    own = crc32((one.sql or "").encode("utf-8", "replace"), moment & 0xFFFFFFFF)
    return "%s-%010x-%x" % (head, one.offset, own)  # noqa: UP031  # quicker than an f-string


_KIND = KINDS["operation"]
_OPERATION: Any = _KIND.struct
_PARTS: dict[str, Any] = {part.field: part.struct for part in _KIND.parts}
_LONGEST: dict[str, int] = {
    column.column_name: column.rules["max_length"] for column in _KIND.given if isinstance(column, Text)
}


class Arriving:
    """Of one log: ``source`` is its name and that of its operations, ``metric_type`` query, api, …

    ``statements`` knows what was seen before. Ids follow from what an entry says and where in which file
    it stands, so what is read twice is stored once: ``head`` is a hash of the file's first line.
    """

    def __init__(self, source: str, metric_type: str, dialect: Dialect, statements: Statements) -> None:
        self._source = source
        self._metric_type = metric_type
        self._dialect = dialect
        self._statements = statements
        self._plans: dict[str, tuple[int, float]] = {}
        # By the object itself, which a parser makes once a session; held, so that its id stays its own.
        self._fitted: dict[int, tuple[Any, Any, dict[str, Any]]] = {}
        self.refused = 0
        """Executions whose times no table can hold."""

    def records(self, executions: Iterable[Execution], head: str) -> list[msgspec.Struct]:
        """The records of executions that one file tells of, ready for the buffer."""
        made: list[msgspec.Struct] = []
        statements, dialect, head = self._statements, self._dialect, head[:HEAD_CHARACTERS]
        metric_type, of, is_new = self._metric_type, statements.of, statements.is_new
        for one in executions:
            if not 0 <= one.duration_ms <= LONGEST_MS or one.timestamp < 0:
                self.refused += 1
                continue
            query_hash = query = plan = None
            if one.sql is not None:
                query_hash, text, version = of(one.sql, dialect)
                if is_new(query_hash):
                    query = self._query(one, query_hash, text, version)
                if one.plan and self._is_due(one, query_hash):
                    plan = self._plan(one, query_hash)
            made.append(
                _OPERATION(
                    record_id=_id(one, head),
                    metric_type=metric_type,
                    duration_ms=one.duration_ms,
                    timestamp=one.timestamp,
                    query_hash=query_hash,
                    query=query,
                    plan=plan,
                    **self._columns(one),
                )
            )
        return made

    def told(self, executions: Iterable[Execution], head: str) -> list[dict[str, Any]]:
        """The same as a daemon's socket takes them."""
        made: list[dict[str, Any]] = []
        head = head[:HEAD_CHARACTERS]
        for one in executions:
            if not 0 <= one.duration_ms <= LONGEST_MS or one.timestamp < 0:
                self.refused += 1
                continue
            words = {
                "kind": "operation",
                "id": _id(one, head),
                "metric_type": self._metric_type,
                "duration_ms": one.duration_ms,
                "timestamp": one.timestamp,
                **self._columns(one),
            }
            if one.sql is not None:
                words["query_hash"] = self._statements.of(one.sql, self._dialect)[0]
                is_due = bool(one.plan) and self._is_due(one, words["query_hash"])
                if self._statements.is_new(words["query_hash"]) or is_due:
                    words["sql"], words["dialect"] = one.sql[:LONGEST_SQL], self._dialect
                if is_due:
                    words["plan"] = (one.plan or "")[:LONGEST_SQL]
            made.append(words)
        return made

    def forget(self) -> None:
        """Have all texts and plans told again: what was told before did not arrive."""
        self._statements.forget()
        self._plans.clear()

    def _columns(self, one: Execution) -> dict[str, Any]:
        """What an entry says besides, its name and what was said of it; the same for a whole session."""
        key = id(one.columns)
        known = self._fitted.get(key)
        if known is not None and known[0] is one.columns and known[1] is one.metadata:
            return known[2]
        columns = {"metric_name": self._source, "metadata": one.metadata}
        for name, value in (one.columns or {}).items():
            columns[name] = value[: _LONGEST[name]] if isinstance(value, str) else value
        if "metric_name" in (one.columns or {}):  # the tail may have a threshold of its own
            columns["metadata"] = {TAIL: self._source, **(one.metadata or {})}
        if len(self._fitted) >= MOST_FITTED:
            self._fitted.clear()
        self._fitted[key] = one.columns, one.metadata, columns
        return columns

    def _query(self, one: Execution, query_hash: str, text: str, version: int) -> Any:
        sample = self._statements.sample((one.sql or "")[:LONGEST_SQL], self._dialect)
        columns = query_columns(
            query_hash, text, version, dialect=self._dialect, sample=sample, first_seen=one.timestamp
        )
        return _PARTS["query"](**columns)

    def _is_due(self, one: Execution, query_hash: str) -> bool:
        """Whether to store its plan: unless one as slow was stored not long ago."""
        at, slowest_ms = self._plans.get(query_hash, (0, -1.0))
        if one.timestamp - at < PLAN_AGAIN_MS and one.duration_ms <= slowest_ms:
            return False
        if len(self._plans) >= MOST_PLANS:
            self._plans.clear()
        self._plans[query_hash] = one.timestamp, one.duration_ms
        return True

    def _plan(self, one: Execution, query_hash: str) -> Any:
        columns = plan_columns(
            query_hash,
            one.plan or "",
            dialect=self._dialect,
            source=self._source,
            duration_ms=one.duration_ms,
            timestamp=one.timestamp,
        )
        return _PARTS["plan"](**columns)
