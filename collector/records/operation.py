"""Operations that applications time: queries, API calls, frontend and cache."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from collector.orm import peewee
from collector.records.base import Arrival, Document, Flag, Real, Record, Text, Timestamp, Whole, kind, once
from collector.records.columns import LONGEST_MS
from collector.records.query import Query
from collector.records.query_plan import QueryPlan
from collector.records.statement import plan_columns, query_columns

TYPES = ("query", "api", "frontend", "cache")
DIALECTS = ("generic", "sqlite", "postgresql", "mysql")
# Only such have a place in the index of durations: with all of them in it, each INSERT would write to
# another page of it.
LONG_MS = 100
_IP = r"^(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9A-Fa-f:]*:[0-9A-Fa-f:.]*)(?:/\d{1,3})?$"
LONGEST_SQL = 100_000
# In the metadata of what a recorder's own log tells of: it was warned of, and must not be again.
WARNED_OF = "warned_of"
# In the metadata of what names itself in a log: the tail that followed it.
TAIL = "tail"
_NOTHING = object()


def arrive(columns: dict[str, Any], arrival: Arrival) -> None:
    """Make a fingerprint of ``sql``; a hash of the sender's own is kept. Raises ValueError."""
    sql, dialect = columns.pop("sql", None), columns.pop("dialect", None)
    plan = columns.pop("plan", None)
    if faults := [*_faults(columns, sql, dialect, plan)]:
        raise ValueError(*faults)
    if sql is not None and arrival.statements is not None:
        _fingerprint(columns, sql, dialect or "generic", arrival)
    if plan is not None and isinstance(columns.get("query_hash"), str):
        columns["plan"] = plan_columns(
            columns["query_hash"],
            plan,
            dialect=dialect or "generic",
            source=str(columns.get("metric_name")),
            duration_ms=columns.get("duration_ms"),
            timestamp=arrival.now_ms,
        )


def _faults(columns: dict[str, Any], sql: object, dialect: object, plan: object) -> Iterator[str]:
    if columns.pop("query", _NOTHING) is not _NOTHING:
        yield "unknown column 'query' (did you mean 'sql'?)"
    if dialect is not None and dialect not in DIALECTS:
        yield f"dialect: must be one of {', '.join(DIALECTS)}"
    if sql is not None and not (isinstance(sql, str) and len(sql) <= LONGEST_SQL):
        yield f"sql: must be a text of at most {LONGEST_SQL:,} characters"
    if plan is None:
        return
    if not (isinstance(plan, str) and 0 < len(plan) <= LONGEST_SQL):
        yield f"plan: must be a text of at most {LONGEST_SQL:,} characters"
    elif sql is None and columns.get("query_hash") is None:
        yield "plan: belongs to a statement; give sql or query_hash too"


def _fingerprint(columns: dict[str, Any], sql: str, dialect: str, arrival: Arrival) -> None:
    assert arrival.statements is not None
    own = columns.get("query_hash")
    if own is not None and not isinstance(own, str):
        return  # the check of the columns says so
    made, text, version = arrival.statements.of(sql, dialect)
    columns["query_hash"] = own or made
    if columns["query_hash"] != made:
        version = 0
    if arrival.statements.is_new(columns["query_hash"]):
        sample = arrival.statements.sample(sql, dialect)
        columns["query"] = query_columns(
            columns["query_hash"], text, version, dialect=dialect, sample=sample, first_seen=arrival.now_ms
        )


@kind(
    "operation",
    "reported",
    source="the sender",
    pushed=True,
    parts={"query": Query, "plan": QueryPlan},
    arrive=arrive,
    inputs=("sql", "dialect", "plan"),
    per=("metric_type", "metric_name", "query_hash"),
)
class Operation(Record):
    """One timed operation. With it may come `sql` and `dialect`, and a `plan`: kept without literals."""

    id = peewee.AutoField(help_text="counts up")
    record_id = Text(
        "the sender's own id; a second record with it is not stored", longest=200, shortest=1, null=True
    )
    metric_type = Text("query, api, frontend or cache", longest=50, choices=TYPES)
    metric_name = Text("what it is called", longest=100, shortest=1)
    duration_ms = Real("from start to end", unit="ms", minimum=0, maximum=LONGEST_MS)
    memory_usage_mb = Real("memory it used", unit="MB", minimum=0, null=True)
    cpu_usage_percent = Real("processor it used", unit="%", minimum=0, maximum=100, null=True)
    user_id = Text("for whom", longest=100, null=True)
    session_id = Text("the session it belongs to", longest=100, null=True)
    request_id = Text("the request it belongs to", longest=100, null=True)
    endpoint = Text("the address it served or called, without its query string", longest=200, null=True)
    query_hash = Text("fingerprint of the statement, in `queries`", longest=64, null=True)
    user_agent = Text("the program that asked", longest=1000, null=True)
    ip_address = Text(
        "where it was asked from", longest=60, pattern=_IP, in_words="an IPv4 or IPv6 address", null=True
    )
    timestamp = Timestamp("when it began", arrival=True)
    rows = Whole("rows read or written", minimum=0, null=True)
    success = Flag("whether it went well; null when nobody said", null=True)
    metadata = Document("whatever else belongs to it", null=True)

    class Meta:
        table_name = "operation_metrics"
        constraints = (
            peewee.SQL("CONSTRAINT valid_duration CHECK (duration_ms >= 0)"),
            peewee.SQL("CONSTRAINT valid_memory CHECK (memory_usage_mb >= 0)"),
            peewee.SQL("CONSTRAINT valid_cpu CHECK (cpu_usage_percent >= 0 AND cpu_usage_percent <= 100)"),
        )


def _where_given(column: Any, *more: Any, name: str) -> None:
    """An index of the rows that have the column: those without cost it nothing."""
    Operation.add_index(
        Operation.index(column, *more, where=column.is_null(False), name=f"operation_metrics_{name}")
    )


Operation.add_index(Operation.metric_type, Operation.timestamp, name="operation_metrics_type_timestamp")
Operation.add_index(
    Operation.index(
        Operation.duration_ms, where=Operation.duration_ms >= LONG_MS, name="operation_metrics_duration"
    )
)
_where_given(Operation.user_id, Operation.timestamp, name="user_timestamp")
_where_given(Operation.endpoint, Operation.timestamp, name="endpoint_timestamp")
_where_given(Operation.query_hash, Operation.timestamp, name="query_hash_timestamp")
once(Operation)
