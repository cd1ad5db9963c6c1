"""What else there was in a stretch of time: processes, other runs, and a timeline with its holes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from collector.answers import rolled, runs
from collector.answers.timed import Row, ask_sql
from collector.answers.usual.during import FINEST_MS, Window, nearest

if TYPE_CHECKING:
    from collector.orm import peewee

# No run of ours may take longer than a day; one that does is not seen by those that begin after it.
LONGEST_MS = 24 * 3_600_000
PROCESSES = 10
CELLS = 60
# Fewer samples than this in a cell, and some would be empty without a hole.
SAMPLES_A_CELL = 2
SERIES = (
    ("cpu", "cpu", "cpu_samples", "busy_percent"),
    ("memory", "memory", "memory_samples", "used_percent"),
    ("cpu pressure", "pressure", "pressure_samples", "cpu_some_percent"),
    ("io pressure", "pressure", "pressure_samples", "io_some_percent"),
    ("temperature", "sensor", "sensor_samples", "temperature_celsius"),
)


def processes(database: peewee.SqliteDatabase, window: Window, usual: Sequence[Window]) -> list[Row]:
    """The busiest processes of the window by name, the one first that took most beyond its usual.

    ``usual`` are windows to compare with: a workload's own processes ran in those of its other runs, too.
    """
    found = _processes(database, window)
    if not found:
        return []
    others = [each for stretch in usual if (each := _processes(database, stretch))]
    rows = [_process(name, row, others) for name, row in found.items()]
    rows.sort(key=lambda row: (-(row["cpu_percent"] - (row["usual_cpu_percent"] or 0)), row["name"]))
    return rows[:PROCESSES]


def _process(name: str, row: Row, others: Sequence[dict[str, Row]]) -> Row:
    times = [each[name]["cpu_percent"] if name in each else 0.0 for each in others]
    return {
        "name": name,
        "cpu_percent": row["cpu_percent"],
        "usual_cpu_percent": sum(times) / len(times) if times else None,
        "rss_bytes": round(row["rss_bytes"]),
    }


def _processes(database: peewee.SqliteDatabase, window: Window) -> dict[str, Row]:
    """Means of the walks in the window, processes of one name together; of the nearest walk where none is."""
    if found := _walks(database, window.from_ms, window.to_ms):
        return found
    near = nearest(database, "process_samples", window)
    return _walks(database, near - 1, near) if near is not None else {}


def _walks(database: peewee.SqliteDatabase, from_ms: int, to_ms: int) -> dict[str, Row]:
    sql = """
        WITH seen AS (SELECT * FROM process_samples WHERE timestamp > ? AND timestamp <= ?),
        walked AS (SELECT count(DISTINCT timestamp) AS walks FROM seen)
        SELECT name, sum(cpu_percent) / walks AS cpu_percent, sum(rss_bytes) / walks AS rss_bytes
        FROM walked CROSS JOIN seen GROUP BY name
        """
    return {row["name"]: row for row in ask_sql(database, "why.processes", sql, from_ms, to_ms)}


def other_runs(database: peewee.SqliteDatabase, window: Window, own: int | None) -> list[Row]:
    """The runs that were under way in the window, but for ``own``: oldest first."""
    sql = """
        SELECT run.id, run.workload, run.timestamp, run.wall_ms, run.outcome
        FROM json_each(?) AS names CROSS JOIN workload_runs AS run
        ON run.workload = names.value AND run.timestamp > ? AND run.timestamp < ?
        WHERE run.timestamp + run.wall_ms > ? AND run.id IS NOT ? ORDER BY run.timestamp, run.id
        """
    names = json.dumps(runs.names(database))
    start, end = window.from_ms, max(window.to_ms, window.from_ms + 1)
    return ask_sql(database, "why.runs", sql, names, start - LONGEST_MS, end, start, own)


def timeline(database: peewee.SqliteDatabase, window: Window, span: Window, now_ms: int) -> Row:
    """Means in up to 60 cells of the span, None where nothing was recorded; and where the window lies.

    Where rows are gone by now, it is that of 5 minutes a cell.
    """
    if is_sampled(database, span):
        step_ms = _step(database, span)
        return _told(window, span, step_ms, [_series(database, *one, span, step_ms) for one in SERIES])
    return _kept(database, window, span, now_ms)


def is_sampled(database: peewee.SqliteDatabase, window: Window) -> bool:
    """Whether a sample of the machine lies in the window."""
    return _samples(database, window) > 0


def _samples(database: peewee.SqliteDatabase, window: Window) -> int:
    sql = "SELECT count(*) AS samples FROM cpu_samples WHERE timestamp > ? AND timestamp <= ?"
    (row,) = ask_sql(database, "why.timeline", sql, window.from_ms, window.to_ms)
    return int(row["samples"])


def _told(window: Window, span: Window, step_ms: int, series: list[Row]) -> Row:
    return {
        "from_ms": span.from_ms,
        "to_ms": span.to_ms,
        "step_ms": step_ms,
        "marked_from_ms": window.from_ms,
        "marked_to_ms": window.to_ms,
        "series": [row for row in series if any(value is not None for value in row["values"])],
    }


def _step(database: peewee.SqliteDatabase, span: Window) -> int:
    """How long a cell is, so that some samples fall into each."""
    cells = min(CELLS, max(1, _samples(database, span) // SAMPLES_A_CELL))
    return -(-(span.to_ms - span.from_ms) // cells)


def _series(
    database: peewee.SqliteDatabase, label: str, kind: str, table: str, column: str, span: Window, step: int
) -> Row:
    sql = f"""
        SELECT (timestamp - ?1 - 1) / ?3 AS cell, avg("{column}") AS mean FROM {table}
        WHERE timestamp > ?1 AND timestamp <= ?2 GROUP BY cell
        """  # noqa: S608  # only names of ours
    rows = ask_sql(database, "why.timeline", sql, span.from_ms, span.to_ms, step)
    means = {row["cell"]: row["mean"] for row in rows}
    cells = -(-(span.to_ms - span.from_ms) // step)
    return {"label": label, "name": f"{kind}.{column}", "values": [means.get(cell) for cell in range(cells)]}


def _kept(database: peewee.SqliteDatabase, window: Window, span: Window, now_ms: int) -> Row:
    """Five minutes a cell, from rollups, with the window in the middle, or now at the end.

    Where they have nothing of the span either, nothing was recorded then, and what lies hours away is no
    picture of it.
    """
    step = FINEST_MS
    end = min((window.from_ms + window.to_ms) // 2 + CELLS // 2 * step, now_ms)
    end -= end % step
    start = end - CELLS * step
    series = []
    for label, kind, _, column in SERIES:
        means = {
            (at - start) // step: each.mean
            for at, each in rolled.stretches(database, kind, column, start, end, step)
        }
        values = [means.get(cell) for cell in range(CELLS)]
        series.append({"label": label, "name": f"{kind}.{column}", "values": values})
    cells = range(max(0, (span.from_ms - start) // step), min(CELLS, -(-(span.to_ms - start) // step)))
    if all(row["values"][cell] is None for row in series for cell in cells):
        return _told(window, span, span.to_ms - span.from_ms, [])
    return _told(window, Window(start, end), step, series)
