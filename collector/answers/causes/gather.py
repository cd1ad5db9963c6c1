"""Gathers what was recorded on both sides of a change: the runs, other workloads, the recorder's sessions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from collector.answers.causes.gathered import Gathered, Origin, Seen
from collector.answers.causes.others import RUN_KINDS, moved_with, peers, workload_of
from collector.answers.causes.processes import processes
from collector.answers.causes.samples import samples
from collector.answers.found import Found
from collector.answers.subjects import Point
from collector.answers.timed import ask_sql

if TYPE_CHECKING:
    from collector.orm import peewee

# What was so right before and right after: runs farther away tell of other changes. So many settle any
# median, and keep an answer within milliseconds.
NEAREST_RUNS = 60
# Noisy runs lie between them, which count for nothing: as many as four of five.
MOST_ROWS = 5 * NEAREST_RUNS

_COLUMNS = """
    timestamp, wall_ms, user_ms + system_ms AS cpu_ms, max_rss_bytes, read_bytes, written_bytes, rows,
    received_bytes, busy_percent, others_percent, cpu_some_percent, memory_some_percent, io_some_percent,
    available_bytes, temperature_celsius, frequency_mhz, on_battery, git_commit, git_dirty, command, boot_id,
    noisy
"""
_RUNS = f"""
    SELECT {_COLUMNS} FROM workload_runs
    WHERE workload = ? AND outcome = 'ok' AND wall_ms IS NOT NULL AND timestamp BETWEEN ? AND ?
    ORDER BY timestamp
"""  # noqa: S608  # only names of ours


def gather(database: peewee.SqliteDatabase, found: Found, others: Sequence[Found]) -> Gathered:
    """All that the witnesses may ask about one change; ``others`` are those found beside it."""
    before, after = list(found.before[-NEAREST_RUNS:]), list(found.after[:NEAREST_RUNS])
    seen = _runs(database, found, before, after) if found.subject.kind in RUN_KINDS else None
    runs_before, runs_after = seen or ([_of_point(p) for p in before], [_of_point(p) for p in after])
    gathered = Gathered(
        found,
        runs_before,
        runs_after,
        peers=peers(database, found, (runs_before, runs_after), others),
        processes=processes(database, runs_before, runs_after),
        origins=(_origin(database, runs_before[-1]), _origin(database, runs_after[0])),
        moved_with=moved_with(found, others),
    )
    return samples(database, gathered, before, after)


def _runs(
    database: peewee.SqliteDatabase, found: Found, before: Sequence[Point], after: Sequence[Point]
) -> tuple[list[Seen], list[Seen]] | None:
    """The runs behind the points, nearest to the change; None where their rows are gone."""
    values = {point.timestamp: point.value for point in (*before, *after)}
    are_stretches = any(point.rows > 1 for point in (*before, *after))
    windows = ((before[0].timestamp, found.at_ms - 1, "DESC"), (found.at_ms, _end(after), "ASC"))
    sides = []
    for since, until, order in windows:
        rows = ask_sql(
            database, "cause.runs", f"{_RUNS} {order} LIMIT ?", workload_of(found), since, until, MOST_ROWS
        )
        runs = [
            Seen(row["timestamp"], values.get(row["timestamp"]) or row["wall_ms"] or 0.0, row)
            for row in rows
            if row["timestamp"] in values or (are_stretches and (found.only_noisy or not row["noisy"]))
        ]
        sides.append(sorted(runs[:NEAREST_RUNS], key=lambda run: run.timestamp))
    return (sides[0], sides[1]) if all(sides) else None


def _end(points: Sequence[Point]) -> int:
    """The last moment of the last point: a stretch is as long as the one before it."""
    last = points[-1]
    if last.rows == 1 or len(points) == 1:
        return last.timestamp
    return 2 * last.timestamp - points[-2].timestamp


def _of_point(point: Point) -> Seen:
    return Seen(point.timestamp, point.value, {"git_commit": point.commit})


def _origin(database: peewee.SqliteDatabase, run: Seen) -> Origin:
    """Who recorded a run: the session that it falls into."""
    found = ask_sql(
        database, "cause.session",
        "SELECT version, kernel, boot_id FROM recorder_sessions WHERE start_ms <= ?"
        " AND coalesce(end_ms, ?) >= ? ORDER BY id DESC LIMIT 1",
        *(run.timestamp,) * 3,
    )  # fmt: skip
    known: dict[str, Any] = found[0] if found else {}
    boot = run.columns.get("boot_id") or known.get("boot_id")
    return Origin(known.get("version"), known.get("kernel"), boot)
