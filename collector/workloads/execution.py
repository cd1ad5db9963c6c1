"""The query of a workload as one execution among all others: what `collector slow` counts."""

from __future__ import annotations

import re
from typing import Any, cast

import msgspec

from collector.fingerprint import Dialect, fingerprint, redacted
from collector.records.base import KINDS
from collector.records.statement import plan_columns, query_columns
from collector.workloads.sql_child.job import NO_PLAN

_OPERATION: Any = KINDS["operation"].struct
_PARTS: dict[str, Any] = {part.field: part.struct for part in KINDS["operation"].parts}

_SAYS_SOMETHING = re.compile(r"\w")


def is_readable(plan: str) -> bool:
    """Whether a plan without its literals still says anything, or was taken for a literal altogether."""
    return bool(_SAYS_SOMETHING.search(plan))


def execution(run: Any, sql: str, scheme: str) -> msgspec.Struct:
    """The operation of a run that went well. Its time is the query's: connecting is left out."""
    dialect = cast("Dialect", scheme)
    known = fingerprint(sql, dialect)
    duration_ms = (run.execute_ms or 0.0) + (run.fetch_ms or 0.0)
    sample = redacted(sql, dialect)
    query = query_columns(*known, dialect=dialect, sample=sample, first_seen=run.timestamp)
    plan = _plan(run, known.hash, dialect, duration_ms)
    made: msgspec.Struct = _OPERATION(
        metric_type="query",
        metric_name=run.workload[:100],
        duration_ms=duration_ms,
        timestamp=run.timestamp,
        query_hash=known.hash,
        rows=run.rows,
        success=True,
        query=_PARTS["query"](**query),
        plan=plan,
    )
    return made


def _plan(run: Any, query_hash: str, dialect: Dialect, duration_ms: float) -> msgspec.Struct | None:
    """The plan of a run; None rather than one that says nothing, which would stand before a good one."""
    if not run.plan or run.plan.startswith(NO_PLAN):
        return None
    columns = plan_columns(
        query_hash, run.plan, dialect=dialect, source=run.workload,
        duration_ms=duration_ms, timestamp=run.timestamp,
    )  # fmt: skip
    made: msgspec.Struct | None = _PARTS["plan"](**columns) if is_readable(columns["plan"]) else None
    return made
