"""The constraints and indexes of the four source documents, in the file itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from collector.records.base import KINDS
from collector.sqlite import sqlite3
from collector.store import schema
from collector.store.database import open_writer, raw
from tests.intake.made import COMPLETE, FAMILIES, Sent

INDEXES = {
    # 000
    "inference_metrics": [("model_name", "timestamp"), ("task_type",)],
    # 001
    "benchmark_runs": [("timestamp",), ("project_name",), ("benchmark_name",), ("run_id",)],
    "benchmark_performance": [("run_id",)],
    "benchmark_autonomy": [("run_id",)],
    "benchmark_quality": [("run_id",)],
    "benchmark_workflow": [("run_id",)],
    # 003
    "skill_metrics": [("skill_id",), ("timestamp",)],
    # 004
    "operation_metrics": [
        ("metric_type", "timestamp"), ("user_id", "timestamp"), ("duration_ms",), ("endpoint", "timestamp"),
        ("query_hash", "timestamp"),
    ],
    "query_cache": [
        ("cache_key",), ("cache_key_hash",), ("expires_at",), ("tags",), ("user_id",), ("last_accessed",),
    ],
    "connection_pool_stats": [("recorded_at",), ("pool_name", "recorded_at")],
    "user_activity_summary": [("user_id",)],
    "query_performance_summary": [("query_hash",), ("avg_duration_ms",)],
}  # fmt: skip


def indexes(conn: sqlite3.Connection, table: str) -> list[tuple[str, ...]]:
    """The columns of each index of a table, its primary key included."""
    names = [row[1] for row in conn.execute(f"PRAGMA index_list({table})")]
    return [tuple(row[2] for row in conn.execute(f"PRAGMA index_info({name})")) for name in names]


@pytest.fixture
def conn(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """All tables, and the connection that the writer has."""
    database = open_writer(tmp_path / "c.db", "normal")
    schema.prepare(database, tmp_path / "c.db")
    yield raw(database)
    database.close()


@pytest.mark.parametrize("table", INDEXES)
def test_each_index_of_the_documents_has_its_counterpart(conn: sqlite3.Connection, table: str) -> None:
    """One that begins with the same columns answers the same questions."""
    there = indexes(conn, table)
    assert [want for want in INDEXES[table] if not any(has[: len(want)] == want for has in there)] == []


OPERATION = {"metric_type": "api", "metric_name": "x", "timestamp": 1}


@pytest.mark.parametrize(
    ("columns", "constraint"),
    [
        ({"duration_ms": -1}, "valid_duration"),
        ({"duration_ms": 1, "memory_usage_mb": -1}, "valid_memory"),
        ({"duration_ms": 1, "cpu_usage_percent": -0.1}, "valid_cpu"),
        ({"duration_ms": 1, "cpu_usage_percent": 100.1}, "valid_cpu"),
    ],
)
def test_the_constraints_hold_for_those_who_write_into_the_file(
    conn: sqlite3.Connection, columns: Sent, constraint: str
) -> None:
    """Not only for what comes through the socket."""
    row = {**OPERATION, **columns}
    sql = f"INSERT INTO operation_metrics ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})"
    with pytest.raises(sqlite3.IntegrityError, match=constraint):
        conn.execute(sql, tuple(row.values()))
    assert conn.execute("SELECT count(*) FROM operation_metrics").fetchone() == (0,)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_without_its_run_is_refused(conn: sqlite3.Connection, family: str) -> None:
    """The foreign keys are enforced."""
    row = {
        "run_id": "nobody",
        **{k: v for k, v in FAMILIES[family].items() if not isinstance(v, (dict, list))},
    }
    sql = f"INSERT INTO benchmark_{family} ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})"
    with pytest.raises(sqlite3.IntegrityError, match="FOREIGN KEY"):
        conn.execute(sql, tuple(row.values()))


def required(kind: str) -> list[str]:
    """The columns that no null may stand in."""
    return [column.column_name for column in KINDS[kind].given if not column.null]


@pytest.mark.parametrize(
    ("kind", "column"),
    [(kind, column) for kind in ("inference", "skill", "operation", "pool") for column in required(kind)],
)
def test_what_is_not_null_in_the_documents_is_not_null_here(
    conn: sqlite3.Connection, kind: str, column: str
) -> None:
    """The database refuses it too."""
    row = {name: value for name, value in COMPLETE[kind].items() if name not in (column, "metadata")}
    table = KINDS[kind].table
    sql = f"INSERT INTO {table} ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})"
    with pytest.raises(sqlite3.IntegrityError, match=f"NOT NULL constraint failed: {table}.{column}"):
        conn.execute(sql, tuple(row.values()))
