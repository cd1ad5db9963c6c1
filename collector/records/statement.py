"""What comes with an operation about its statement: rows of `queries` and `query_plans`, as columns."""

from __future__ import annotations

from typing import Any

from collector.records.query import LONGEST_TEXT
from collector.records.query_plan import LONGEST_PLAN


def query_columns(
    query_hash: str, text: str, version: int, *, dialect: str, sample: str, first_seen: int
) -> dict[str, Any]:
    """The text behind a fingerprint; ``sample`` is one as it was written, without its literals."""
    return {
        "query_hash": query_hash,
        "fp_version": version,
        "dialect": dialect,
        "text": text[:LONGEST_TEXT],
        "sample": sample[:LONGEST_TEXT],
        "first_seen": first_seen,
    }


def plan_columns(
    query_hash: str, plan: str, *, dialect: str, source: str, duration_ms: float | None, timestamp: int
) -> dict[str, Any]:
    """A plan, its literals taken out; ``duration_ms`` is of the execution that it is from."""
    # Plans are seldom told, and what reads them is as large as all kinds of record together.
    from collector.plans import redacted_plan  # noqa: PLC0415

    return {
        "query_hash": query_hash,
        "dialect": dialect,
        "source": source[:100],
        "duration_ms": duration_ms,
        "timestamp": timestamp,
        "plan": redacted_plan(plan, dialect)[:LONGEST_PLAN],
    }
