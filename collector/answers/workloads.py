"""What is registered: when each workload runs, how its newest runs went, and how long they take."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from collector.answers.percentiles import percentile
from collector.answers.timed import Row, ask, ask_sql
from collector.records.run import Run
from collector.records.workload import Workload
from collector.units import span

if TYPE_CHECKING:
    from collector.orm import peewee

# What a workload is like is told by so many of its newest runs: enough for a p95, and a bounded walk.
NEWEST = 1000
TREND = 20
# Counting further would cost a second on a year of runs.
COUNTED = 10_000


def registered(
    database: peewee.SqliteDatabase, next_runs: dict[str, int] | None = None, *, removed: bool = False
) -> list[Row]:
    """One row a workload, by name. ``next_runs`` (name → ms) is what the daemon says.

    Times of a workload are those of its runs that went well: a refused connection is no quick run.
    ``runs`` is counted up to `COUNTED`; ``more_runs`` tells that there are more.
    """
    query = Workload.select().order_by(Workload.name)
    if not removed:
        query = query.where(Workload.removed_ms.is_null())
    return [
        _described(workload, _newest(database, workload["name"]), _count(database, workload["name"]))
        | {"next_run": (next_runs or {}).get(workload["name"])}
        for workload in ask(database, "workloads", query)
    ]


def last_finished(database: peewee.SqliteDatabase) -> list[Row]:
    """The newest run of each workload that came to an end of its own: name, outcome, wall_ms, budget_ms."""
    return ask_sql(
        database,
        "workloads.last",
        """
        SELECT workloads.name, run.outcome, run.wall_ms, workloads.budget_ms, run.timestamp
        FROM workloads LEFT JOIN workload_runs AS run ON run.id = (
            SELECT id FROM workload_runs
            WHERE workload = workloads.name AND outcome NOT IN ('missed', 'overlapped')
            ORDER BY timestamp DESC LIMIT 1
        )
        WHERE workloads.removed_ms IS NULL ORDER BY workloads.name
        """,
    )


def _newest(database: peewee.SqliteDatabase, name: str) -> list[Row]:
    query = Run.select(Run.timestamp, Run.outcome, Run.wall_ms).where(Run.workload == name)
    return ask(database, "workloads.newest", query.order_by(Run.timestamp.desc()).limit(NEWEST))


def _count(database: peewee.SqliteDatabase, name: str) -> int:
    sql = "SELECT count(*) AS runs FROM (SELECT 1 FROM workload_runs WHERE workload = ? LIMIT ?)"
    return int(ask_sql(database, "workloads.count", sql, name, COUNTED + 1)[0]["runs"])


def _described(workload: Row, newest: list[Row], count: int) -> Row:
    times = [run["wall_ms"] for run in newest if went_well(run)]
    last = newest[0] if newest else {}
    return {
        "name": workload["name"],
        "kind": workload["kind"],
        "command": workload["command"],
        "every": None if workload["every_ms"] is None else span(workload["every_ms"] / 1000),
        "cron": workload["cron"],
        "timeout_ms": workload["timeout_ms"],
        "budget_ms": workload["budget_ms"],
        "runs": min(count, COUNTED),
        "more_runs": count > COUNTED,
        "last_run": last.get("timestamp"),
        "last_outcome": last.get("outcome"),
        "last_ms": last.get("wall_ms"),
        "p50_ms": percentile(times, 0.5),
        "p95_ms": percentile(times, 0.95),
        "over_budget": sum(over_budget(run, workload["budget_ms"]) for run in newest),
        "failed": sum(run["outcome"] in ("failed", "timeout", "crashed") for run in newest),
        "looked_at": len(newest),
        "trend": trend(newest),
        "registered": workload["registered_ms"],
        "removed": workload["removed_ms"],
    }


def went_well(run: Row) -> bool:
    """Whether the run's time says something about the work."""
    return run["outcome"] == "ok" and run["wall_ms"] is not None


def over_budget(run: Row, budget_ms: float | None) -> bool:
    """Whether a run took longer than the workload should by now; one ended by its timeout did."""
    return budget_ms is not None and run["wall_ms"] is not None and bool(run["wall_ms"] > budget_ms)


def trend(newest: list[Row]) -> list[Any]:
    """Times of the last runs, oldest first, with None where one did not go well."""
    return [run["wall_ms"] if went_well(run) else None for run in reversed(newest[:TREND])]
