"""The query of a workload as one execution among all others: what `collector slow` counts."""

from __future__ import annotations

from typing import Any, cast

import msgspec

from collector.fingerprint import Dialect, fingerprint, redacted
from collector.records.base import KINDS
from collector.records.statement import plan_columns, query_columns

_OPERATION: Any = KINDS["operation"].struct
_PARTS: dict[str, Any] = {part.field: part.struct for part in KINDS["operation"].parts}


def execution(run: Any, sql: str, scheme: str) -> msgspec.Struct:
    """The operation of a run that went well. Its time is the query's: connecting is left out."""
    dialect = cast("Dialect", scheme)
    known = fingerprint(sql, dialect)
    duration_ms = (run.execute_ms or 0.0) + (run.fetch_ms or 0.0)
    sample = redacted(sql, dialect)
    query = query_columns(*known, dialect=dialect, sample=sample, first_seen=run.timestamp)
    plan = run.plan and plan_columns(
        known.hash, run.plan, dialect=dialect, source=run.workload,
        duration_ms=duration_ms, timestamp=run.timestamp,
    )  # fmt: skip
    made: msgspec.Struct = _OPERATION(
        metric_type="query",
        metric_name=run.workload[:100],
        duration_ms=duration_ms,
        timestamp=run.timestamp,
        query_hash=known.hash,
        rows=run.rows,
        success=True,
        query=_PARTS["query"](**query),
        plan=_PARTS["plan"](**plan) if plan else None,
    )
    return made
