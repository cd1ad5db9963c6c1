"""What the file itself says of how recording goes: the last session, the machine, gaps, own cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from collector.answers.percentiles import percentile
from collector.answers.timed import Row, ask, ask_sql
from collector.answers.workloads import last_finished, over_budget
from collector.records.gap import Gap
from collector.records.recorder import RecorderSample
from collector.records.session import Session

if TYPE_CHECKING:
    from collector.orm import peewee

_MINUTE_MS = 60_000
_HOUR_MS = 60 * _MINUTE_MS
_DAY_MS = 24 * _HOUR_MS
MINUTES = 10
# Before so many of them were recorded nobody knows how much is usually written.
ENOUGH_MINUTES = 5

# Averages a minute, newest last; what is older than the window is not the machine as it is.
_READINGS = (
    ("cpu", "cpu_samples", "busy_percent"),
    ("memory", "memory_samples", "used_percent"),
    ("io_pressure", "pressure_samples", "io_some_percent"),
)


def last_session(database: peewee.SqliteDatabase) -> Row | None:
    """The newest session, with ``last_seen``: its end, or its last sample where it has none."""
    rows = ask(database, "status.session", Session.select().order_by(Session.id.desc()).limit(1))
    if not rows:
        return None
    session = rows[0]
    sample = RecorderSample.select(RecorderSample.timestamp).order_by(RecorderSample.timestamp.desc())
    samples = [row["timestamp"] for row in ask(database, "status.seen", sample.limit(1))]
    seen = [at for at in (session["start_ms"], session["end_ms"], *samples) if at is not None]
    return session | {"last_seen": session["end_ms"] or max(seen)}


def machine(database: peewee.SqliteDatabase, now_ms: int) -> Row:
    """The newest reading of cpu, memory and I/O pressure, and the last ten minutes of each.

    ``<subject>_percent`` is None when the window holds none; a minute without a sample is None too.
    """
    found: Row = {"minutes": MINUTES}
    for subject, table, column in _READINGS:
        history = _by_minute(database, table, column, now_ms)
        found[f"{subject}_percent"] = history.pop()
        found[f"{subject}_history"] = history
    return found


def _by_minute(database: peewee.SqliteDatabase, table: str, column: str, now_ms: int) -> list[float | None]:
    """The average of each minute of the window, and the newest value at the end."""
    start = now_ms - MINUTES * _MINUTE_MS
    rows = ask_sql(
        database,
        "status.machine",
        f"SELECT (timestamp - ?) / ? AS minute, avg({column}) AS average, max(timestamp), {column} AS newest"  # noqa: S608  # names of ours
        f" FROM {table} WHERE timestamp > ? AND timestamp <= ? GROUP BY minute ORDER BY minute",
        *(start + 1, _MINUTE_MS, start, now_ms),
    )
    averages = {row["minute"]: row["average"] for row in rows}
    newest = rows[-1]["newest"] if rows else None
    return [*(averages.get(minute) for minute in range(MINUTES)), newest]


def own_cost(database: peewee.SqliteDatabase, now_ms: int) -> Row:
    """How well recording went in the last hour: flush and lateness at p95, bytes usually written an hour."""
    query = RecorderSample.select(
        RecorderSample.timestamp,
        RecorderSample.flush_ms,
        RecorderSample.late_ms,
        RecorderSample.written_bytes_per_s,
    ).where(RecorderSample.timestamp > now_ms - _HOUR_MS)
    rows = ask(database, "status.cost", query)
    return {
        "flush_p95_ms": percentile((row["flush_ms"] for row in rows if row["flush_ms"] is not None), 0.95),
        "late_p95_ms": percentile((row["late_ms"] for row in rows), 0.95),
        "written_bytes_per_hour": _written_per_hour(rows),
    }


def _written_per_hour(samples: list[Row]) -> int | None:
    """Bytes, by the median of the minutes: a burst, such as an import, is no rate that goes on.

    Minutes and not samples, most of which may lie between two flushes. None of fewer than five.
    """
    minutes: dict[int, list[float]] = {}
    for sample in samples:
        minutes.setdefault(sample["timestamp"] // _MINUTE_MS, []).append(sample["written_bytes_per_s"])
    usual = percentile((sum(rates) / len(rates) for rates in minutes.values()), 0.5)
    return None if usual is None or len(minutes) < ENOUGH_MINUTES else round(3600 * usual)


def gaps(database: peewee.SqliteDatabase, now_ms: int) -> list[Row]:
    """The holes of the last 24 hours, oldest first: from_ms, to_ms, reason."""
    query = Gap.select(Gap.from_ms, Gap.to_ms, Gap.reason).where(Gap.to_ms > now_ms - _DAY_MS)
    return ask(database, "status.gaps", query.order_by(Gap.from_ms))


def workloads(database: peewee.SqliteDatabase) -> Row:
    """How many are registered, and which of them were over budget or failed the last time."""
    last = last_finished(database)
    return {
        "registered": len(last),
        "over_budget": [run["name"] for run in last if over_budget(run, run["budget_ms"])],
        "failing": [run["name"] for run in last if run["outcome"] not in ("ok", None)],
    }
