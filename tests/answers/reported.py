"""Random rows of everything that is summed up, and their summaries worked out another way.

The figures come from `statistics` over the rows as Python has them, and never from SQL.
"""

from __future__ import annotations

import random
import statistics
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.answers.made import MINUTE, Made

Row = dict[str, Any]
Get = Callable[[Row], Any]

# What people call things.
NAMES = ("llama3:8b", "größe, „neu“", "a~b", "~", "it's", "x y", "🦙", "")


@dataclass(frozen=True)
class Spec:
    """One topic, as `collector.store.topics` should have it."""

    table: str
    keys: tuple[str, ...]
    value: Get
    make: Callable[[random.Random], Row]
    judged: bool = True
    moment: str = "timestamp"
    failed: Get = lambda row: None if row["success"] is None else not row["success"]
    kept: Get = lambda _: True
    means: dict[str, Get] = field(default_factory=dict)
    sums: dict[str, Get] = field(default_factory=dict)
    highs: dict[str, Get] = field(default_factory=dict)


def column(name: str) -> Get:
    """The value of a column."""
    return lambda row: row[name]


def _maybe(chance: random.Random, value: Any) -> Any:
    return value if chance.random() < 0.7 else None


def _ms(chance: random.Random) -> float:
    return 0.0 if chance.random() < 0.02 else chance.lognormvariate(2, 2)


def _inference(chance: random.Random) -> Row:
    return {
        "model_name": chance.choice(NAMES), "task_type": "chat", "inference_time": _ms(chance),
        "load_duration": _maybe(chance, chance.random()), "input_tokens": chance.randrange(999),
        "output_tokens": chance.randrange(99), "tokens_per_second": 9 * chance.random(), "query_length": 1,
        "response_length": 1, "success": _maybe(chance, chance.randrange(2)), "created_at": 1,
    }  # fmt: skip


def _skill(chance: random.Random) -> Row:
    return {
        "skill_id": chance.choice(NAMES), "execution_ms": _ms(chance), "success": chance.randrange(2),
        "tokens_in": chance.randrange(999), "tokens_out": chance.randrange(99),
    }  # fmt: skip


def _operation(chance: random.Random) -> Row:
    return {
        "metric_type": chance.choice(("query", "api", "frontend", "cache")),
        "metric_name": chance.choice(NAMES), "duration_ms": _ms(chance),
        "user_id": _maybe(chance, chance.choice(NAMES)), "query_hash": _maybe(chance, chance.choice(NAMES)),
        "session_id": _maybe(chance, str(chance.randrange(5))),
        "rows": _maybe(chance, chance.randrange(99)), "success": _maybe(chance, chance.randrange(2)),
    }  # fmt: skip


def _pool(chance: random.Random) -> Row:
    total, active = chance.randrange(20), chance.randrange(20)
    return {
        "pool_name": chance.choice(NAMES), "database_name": chance.choice(NAMES[:2]),
        "total_connections": total, "active_connections": active, "idle_connections": 3,
        "waiting_connections": chance.randrange(3), "avg_connection_time_ms": _maybe(chance, _ms(chance)),
        "max_connection_time_ms": _maybe(chance, _ms(chance)), "connection_errors": chance.randrange(2),
        "max_connections": _maybe(chance, total + 5),
    }  # fmt: skip


def _benchmark(chance: random.Random) -> Row:
    families = {
        "total_time_seconds": _ms(chance), "token_usage_total": chance.randrange(999),
        "api_calls_count": 1, "api_calls_cost": chance.random(),
    }  # fmt: skip
    return {
        "run_id": chance.randbytes(16).hex(), "project_name": chance.choice(NAMES[:3]),
        "benchmark_name": chance.choice(NAMES[:3]), "version": "1.0.0", "created_at": 1,
        "performance": _maybe(chance, families),
    }  # fmt: skip


def _run(chance: random.Random) -> Row:
    return {
        "workload": chance.choice(NAMES), "workload_kind": "command", "wall_ms": _maybe(chance, _ms(chance)),
        "outcome": chance.choice(("ok", "ok", "failed", "timeout")),
    }  # fmt: skip


def _performance(name: str, factor: float = 1) -> Get:
    return lambda row: row["performance"][name] * factor if row["performance"] else None


_OPERATION = {"table": "operation_metrics", "value": column("duration_ms"), "make": _operation}

SPECS: dict[str, Spec] = {
    "inference": Spec(
        "inference_metrics", ("model_name",), lambda row: row["inference_time"] * 1000, _inference,
        means={
            "avg_tokens_per_second": column("tokens_per_second"), "avg_input_tokens": column("input_tokens"),
            "avg_output_tokens": column("output_tokens"),
            "avg_load_ms": lambda r: None if r["load_duration"] is None else r["load_duration"] * 1000,
        },
    ),
    "skills": Spec(
        "skill_metrics", ("skill_id",), column("execution_ms"), _skill,
        means={"avg_tokens": lambda row: row["tokens_in"] + row["tokens_out"]},
        sums={"tokens_in": column("tokens_in"), "tokens_out": column("tokens_out")},
    ),
    "operations": Spec(
        keys=("metric_type", "metric_name"), highs={"last_seen": column("timestamp")}, **_OPERATION
    ),
    "queries": Spec(
        keys=("query_hash",), sums={"rows": column("rows")}, highs={"last_seen": column("timestamp")},
        kept=lambda row: row["query_hash"] is not None and row["metric_type"] == "query", **_OPERATION,
    ),
    "users": Spec(
        keys=("user_id",), highs={"last_activity": column("timestamp")},
        kept=lambda row: row["user_id"] is not None, **_OPERATION,
    ),
    "pools": Spec(
        "connection_pool_stats", ("pool_name", "database_name"), column("avg_connection_time_ms"), _pool,
        judged=False, moment="recorded_at",
        means={
            f"avg_{name}": column(f"{name}_connections") for name in ("total", "active", "idle", "waiting")
        },
        sums={"connection_errors": column("connection_errors")},
        highs={
            "max_active": column("active_connections"), "max_waiting": column("waiting_connections"),
            "max_connection_time_ms": column("max_connection_time_ms"),
            "max_connections": column("max_connections"),
        },
    ),
    "benchmarks": Spec(
        "benchmark_runs", ("project_name", "benchmark_name"), _performance("total_time_seconds", 1000),
        _benchmark, judged=False,
        means={"avg_tokens": _performance("token_usage_total"), "avg_cost": _performance("api_calls_cost")},
        highs={"last_run": column("timestamp")},
    ),
    "workloads": Spec(
        "workload_runs", ("workload",), column("wall_ms"), _run,
        failed=lambda row: row["outcome"] != "ok", highs={"last_run": column("timestamp")},
    ),
}  # fmt: skip


def add(made: Made, topic: str, count: int, seed: int = 1, start_ms: int | None = None) -> list[Row]:
    """So many random rows, three to a moment, a minute between the moments; they are given back."""
    chance, spec = random.Random(seed), SPECS[topic]
    start = made.now_ms - count * MINUTE if start_ms is None else start_ms
    rows = [spec.make(chance) | {spec.moment: start + n // 3 * MINUTE} for n in range(count)]
    store(made, spec.table, [{k: v for k, v in row.items() if k != "performance"} for row in rows])
    store(
        made, "benchmark_performance",
        [row["performance"] | {"run_id": row["run_id"]} for row in rows if row.get("performance")],
    )  # fmt: skip
    return rows


def store(made: Made, table: str, rows: list[Row]) -> None:
    """Store rows as they are."""
    if rows:
        names, marks = ", ".join(f'"{name}"' for name in rows[0]), ", ".join("?" for _ in rows[0])
        made.conn.executemany(
            f"INSERT INTO {table} ({names}) VALUES ({marks})", [tuple(row.values()) for row in rows]
        )


def times(topic: str, rows: list[Row]) -> dict[tuple[str, ...], list[float]]:
    """All times of each key, in order."""
    spec = SPECS[topic]
    return {
        key: sorted(value for row in group if (value := spec.value(row)) is not None)
        for key, group in grouped(topic, rows).items()
    }


def grouped(topic: str, rows: list[Row]) -> dict[tuple[str, ...], list[Row]]:
    """The rows of each key."""
    spec, groups = SPECS[topic], dict[tuple[str, ...], list[Row]]()
    for row in filter(spec.kept, rows):
        groups.setdefault(tuple(row[key] for key in spec.keys), []).append(row)
    return groups


def expected(topic: str, rows: list[Row]) -> list[Row]:
    """The summary of the rows, in the order of the command."""
    groups = grouped(topic, rows)
    ordered = sorted(groups, key=lambda key: (-len(groups[key]), key))
    return [_expected(SPECS[topic], key, groups[key]) for key in ordered]


def _expected(spec: Spec, key: tuple[str, ...], group: list[Row]) -> Row:
    values = sorted(v for row in group if (v := spec.value(row)) is not None)
    row: Row = dict(zip(spec.keys, key, strict=True)) | {"count": len(group)}
    if spec.judged:
        judged = [failed for row in group if (failed := spec.failed(row)) is not None]
        row["failure_rate"] = statistics.fmean(judged) if judged else None
    row |= {
        "avg_ms": statistics.fmean(values) if values else None,
        "min_ms": values[0] if values else None,
        "max_ms": values[-1] if values else None,
    }
    row["p50_ms"], row["p95_ms"], row["p99_ms"] = (_percentile(values, n) for n in (50, 95, 99))
    for name, get in spec.means.items():
        row[name] = _over(statistics.fmean, get, group)
    for name, get in spec.sums.items():
        row[name] = _over(sum, get, group) or 0
    for name, get in spec.highs.items():
        row[name] = _over(max, get, group)
    return row


def _percentile(values: list[float], percent: int) -> float | None:
    """`statistics` wants two values at least."""
    if len(values) < 2:
        return values[0] if values else None
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]


def _over(of: Callable[[list[Any]], Any], get: Get, group: list[Row]) -> Any:
    given = [value for row in group if (value := get(row)) is not None]
    return of(given) if given else None
