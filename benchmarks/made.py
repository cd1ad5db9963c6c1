"""A record of a million of each kind that applications report, made up but shaped like theirs.

Times are log-normal, keys come as often as by Zipf's law, one in fifty fails, and nobody said of some.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import collector.records  # noqa: F401  # announces the record kinds
from collector.orm import peewee
from collector.records.base import KINDS
from collector.store import schema
from collector.store.database import open_writer, raw, transaction

BATCH = 50_000
START_MS = 1_790_000_000_000
EVERY_MS = 600

Make = Callable[[random.Random, int], dict[str, Any]]


def fill(path: Path, count: int) -> peewee.SqliteDatabase:
    """Make ``count`` rows of each kind in a new file; gives the connection that wrote them."""
    database = open_writer(path, "normal")
    schema.prepare(database, path)
    chance = random.Random(7)
    for kind, make in MAKERS.items():
        insert(database, KINDS[kind].table, _rows(kind, make, chance, count), count)
    return database


def _rows(kind: str, make: Make, chance: random.Random, count: int) -> Iterator[dict[str, Any]]:
    moment = MOMENTS.get(kind, "timestamp")
    for n in range(count):
        yield make(chance, n) | ({moment: START_MS + n * EVERY_MS} if moment else {})


def insert(database: peewee.SqliteDatabase, table: str, rows: Iterator[dict[str, Any]], count: int) -> None:
    """Store ``count`` rows, and tell how far it is."""
    conn, done = raw(database), 0
    while batch := list(islice(rows, BATCH)):
        names = ", ".join(f'"{name}"' for name in batch[0])
        marks = ", ".join("?" for _ in batch[0])
        with transaction(conn):
            conn.executemany(f"INSERT INTO {table} ({names}) VALUES ({marks})", map(_values, batch))
        done += len(batch)
        print(f"\r  {table}: {done:,} of {count:,} rows", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)


def _values(row: dict[str, Any]) -> list[Any]:
    return list(row.values())


def one_of(chance: random.Random, name: str, many: int) -> str:
    """One of so many names: the n-th of them comes about 1/n times as often as the first."""
    return f"{name}-{int(many ** chance.random()):04d}"


def _said(chance: random.Random) -> int | None:
    said = chance.random()
    return None if said < 0.3 else int(said > 0.32)


def _inference(chance: random.Random, _n: int) -> dict[str, Any]:
    seconds, out = chance.lognormvariate(0.7, 0.8), chance.randrange(20, 900)
    return {
        "model_name": one_of(chance, "model", 12), "task_type": "chat", "inference_time": seconds,
        "load_duration": seconds / 20 if chance.random() < 0.5 else None,
        "input_tokens": chance.randrange(50, 4000), "output_tokens": out,
        "tokens_per_second": out / seconds, "query_length": 200, "response_length": 4 * out,
        "success": _said(chance), "created_at": START_MS,
    }  # fmt: skip


def _skill(chance: random.Random, _n: int) -> dict[str, Any]:
    return {
        "skill_id": one_of(chance, "skill", 80), "execution_ms": chance.lognormvariate(4, 1.2),
        "tokens_in": chance.randrange(4000), "tokens_out": chance.randrange(900),
        "success": int(chance.random() > 0.02),
    }  # fmt: skip


def _operation(chance: random.Random, _n: int) -> dict[str, Any]:
    is_query = chance.random() < 0.6
    return {
        "metric_type": "query" if is_query else chance.choice(("api", "api", "frontend", "cache")),
        "metric_name": one_of(chance, "operation", 60), "duration_ms": chance.lognormvariate(1.5, 1.3),
        "user_id": one_of(chance, "user", 500) if chance.random() < 0.8 else None,
        "session_id": one_of(chance, "session", 5000),
        "query_hash": one_of(chance, "3f9c2ab0", 400) if is_query else None,
        "rows": chance.randrange(100) if is_query else None, "success": _said(chance),
    }  # fmt: skip


def _pool(chance: random.Random, _n: int) -> dict[str, Any]:
    active = chance.randrange(20)
    return {
        "pool_name": one_of(chance, "pool", 8), "database_name": "app", "total_connections": 20,
        "active_connections": active, "idle_connections": 20 - active, "waiting_connections": 0,
        "avg_connection_time_ms": chance.lognormvariate(0, 1) if chance.random() < 0.9 else None,
        "max_connection_time_ms": 12.0, "connection_errors": int(chance.random() < 0.01),
    }  # fmt: skip


def _benchmark(chance: random.Random, n: int) -> dict[str, Any]:
    return {
        "run_id": f"{n:032x}", "project_name": one_of(chance, "project", 6),
        "benchmark_name": one_of(chance, "benchmark", 10), "version": "1.0.0", "created_at": START_MS,
    }  # fmt: skip


def _performance(chance: random.Random, n: int) -> dict[str, Any]:
    return {
        "run_id": f"{n:032x}", "total_time_seconds": chance.lognormvariate(4, 0.5),
        "phase_times": '{"plan":12.5,"code":80.25}', "token_usage_total": chance.randrange(90_000),
        "api_calls_count": 40, "api_calls_cost": chance.random(),
    }  # fmt: skip


def _run(chance: random.Random, _n: int) -> dict[str, Any]:
    return {
        "workload": one_of(chance, "workload", 20), "wall_ms": chance.lognormvariate(5, 0.4),
        "workload_kind": "command", "outcome": "ok" if chance.random() < 0.97 else "failed",
    }  # fmt: skip


MAKERS: dict[str, Make] = {
    "inference": _inference,
    "skill": _skill,
    "operation": _operation,
    "pool": _pool,
    "benchmark": _benchmark,
    "benchmark_performance": _performance,
    "run": _run,
}
# The column of the moment where it is called otherwise, or is that of another table.
MOMENTS = {"pool": "recorded_at", "benchmark_performance": ""}
