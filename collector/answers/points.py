"""The runs of a subject as points in time: single ones, or medians of stretches where there are many.

What it costs does not depend on how much was recorded: at most so many rows are read, by their index.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from collector import sketch
from collector.answers import rolled
from collector.answers.rolled import Rolled
from collector.answers.subjects import Point, Subject
from collector.orm import select

if TYPE_CHECKING:
    from collector.orm import peewee

DAY_MS = 86_400_000
MOST = 500
WINDOW_MS = 2 * 365 * DAY_MS
# Where so many single runs reach back less than this, they show the hour and not the trend.
BUSY_MS = 8 * 3_600_000
FINE_MS = 300_000
COARSE_MS = 3_600_000
# Where the names have no index of their own: so many of the newest rows beside them are looked at.
_BESIDE = 5_000


@dataclass(frozen=True, slots=True)
class Loaded:
    """What is known of a subject, oldest first, noisy runs among it.

    ``left_out`` are runs in that time that failed, were cut short or did not begin. ``whole``: nothing
    older is recorded, or counts. ``step_ms`` is how long a stretch is; 0 where points are single runs.
    """

    points: Sequence[Point]
    left_out: int = 0
    whole: bool = True
    step_ms: int = 0


@dataclass(frozen=True, slots=True)
class _Rows:
    """Where the runs of a kind of subject stand.

    ``source`` holds a ? for each part of the key, and ends in conditions. ``rolled`` are the kind and
    column of its rollups, where they are of single subjects.
    """

    source: str
    value: str
    good: str = "success IS NOT 0"
    noisy: str = "0"
    commit: str = "NULL"
    rolled: tuple[str, str] | None = None
    # Which rows it looks at, where it does not look at all of the subject.
    beside: str = ""


def _newest(table: str, first: str, second: str, columns: str) -> tuple[str, str]:
    """A source of rows found by ``second`` among the newest with ``first``; and those it is found among."""
    beside = f"(SELECT {columns}, {second}, id, timestamp, success FROM {table} WHERE {first} = ?"  # noqa: S608  # only names of ours
    beside += f" ORDER BY timestamp DESC LIMIT {_BESIDE})"
    return f"{beside} WHERE {second} = ?", beside


_NAMED, _BESIDE_NAMED = _newest("operation_metrics", "metric_type", "metric_name", "duration_ms, query_hash")
_TASK, _ = _newest(
    "inference_metrics", "model_name", "task_type", "output_tokens, tokens_per_second, inference_time"
)
_BENCHMARK = (
    "benchmark_runs JOIN benchmark_performance AS figures USING (run_id)"
    " WHERE project_name = ? AND benchmark_name = ?"
)
_TOLD_COMMIT = "iif(json_valid(metadata), json_extract(metadata, '$.git_commit'), NULL)"

_ROWS: dict[tuple[str, str], _Rows] = {
    ("workload", "wall_ms"): _Rows(
        "workload_runs WHERE workload = ? AND wall_ms IS NOT NULL",
        "wall_ms", "outcome = 'ok'", "noisy", "git_commit", ("run", "wall_ms"),
    ),
    ("statement", "duration_ms"): _Rows(
        "operation_metrics WHERE query_hash = ?", "duration_ms", rolled=("operation", "duration_ms")
    ),
    ("operation", "duration_ms"): _Rows(
        f"{_NAMED} AND query_hash IS NULL", "duration_ms",
        rolled=("operation", "duration_ms"), beside=_BESIDE_NAMED,
    ),
    ("inference", "tokens_per_second"): _Rows(
        f"{_TASK} AND output_tokens > 0 AND tokens_per_second > 0", "tokens_per_second"
    ),
    ("inference", "inference_time"): _Rows(f"{_TASK} AND output_tokens = 0", "inference_time"),
    ("skill", "execution_ms"): _Rows(
        "skill_metrics WHERE skill_id = ?", "execution_ms", rolled=("skill", "execution_ms")
    ),
    ("benchmark", "total_time_seconds"): _Rows(_BENCHMARK, "total_time_seconds", "1", commit=_TOLD_COMMIT),
    ("benchmark", "api_calls_cost"): _Rows(_BENCHMARK, "api_calls_cost", "1", commit=_TOLD_COMMIT),
}  # fmt: skip


def load(database: peewee.SqliteDatabase, subject: Subject, now_ms: int, since_ms: int = 0) -> Loaded:
    """The points of a subject since ``since_ms``, of two years at most and never more than 500.

    Where the newest 500 runs are of less than eight hours, they are medians of an hour each, or of five
    minutes of what began within two days.
    """
    rows = _rows(subject)
    since_ms = max(since_ms, now_ms - WINDOW_MS)
    points = _single(database, rows, subject, since_ms)
    is_whole = len(points) < MOST and not (rows.beside and _has_more(database, rows, subject))
    if rows.rolled and points and not is_whole and points[-1].timestamp - points[0].timestamp < BUSY_MS:
        found = _stretches(database, _series(database, rows, subject), points, since_ms, now_ms)
        if found.points:  # else nothing of it is rolled up yet
            return found
    return Loaded(points, _left_out(database, rows, subject, points, since_ms), is_whole)


def _rows(subject: Subject) -> _Rows:
    kind: str = "workload" if subject.kind == "canary" else subject.kind
    if kind == "operation" and len(subject.key) == 1:
        kind = "statement"
    return _ROWS[kind, subject.metric]


def _single(database: peewee.SqliteDatabase, rows: _Rows, subject: Subject, since_ms: int) -> list[Point]:
    sql = (
        f"SELECT timestamp, {rows.value}, {rows.noisy}, {rows.commit} FROM {rows.source}"  # noqa: S608  # only words of ours
        f" AND {rows.good} AND timestamp >= ? ORDER BY timestamp DESC LIMIT {MOST}"
    )
    found = select(database, sql, *subject.key, since_ms)
    return [Point(ms, value, 1, bool(noisy), commit) for ms, value, noisy, commit in reversed(found)]


def _has_more(database: peewee.SqliteDatabase, rows: _Rows, subject: Subject) -> bool:
    ((count,),) = select(database, f"SELECT count(*) FROM {rows.beside}", subject.key[0])  # noqa: S608  # only words of ours
    return bool(count >= _BESIDE)


def _left_out(
    database: peewee.SqliteDatabase, rows: _Rows, subject: Subject, points: Sequence[Point], since_ms: int
) -> int:
    """How many runs since the first of the points count for nothing."""
    if len(points) == MOST:
        since_ms = points[0].timestamp
    sql = f"SELECT count(*) FROM {rows.source} AND NOT ({rows.good}) AND timestamp >= ?"  # noqa: S608  # only words of ours
    ((count,),) = select(database, sql, *subject.key, since_ms)
    return int(count)


def _stretches(
    database: peewee.SqliteDatabase,
    series: Sequence[tuple[str, str, str]],
    points: Sequence[Point],
    since_ms: int,
    now_ms: int,
) -> Loaded:
    """Medians of whole stretches: five minutes while those of all its life are no more than 500."""
    now_ms = min(now_ms, points[-1].timestamp + COARSE_MS)
    coarse = _medians(database, series, since_ms, now_ms, COARSE_MS)
    if coarse and coarse[0].timestamp > now_ms - (MOST - 1) * FINE_MS:
        return Loaded(_medians(database, series, since_ms, now_ms, FINE_MS), step_ms=FINE_MS)
    return Loaded(coarse, whole=False, step_ms=COARSE_MS)


def _series(database: peewee.SqliteDatabase, rows: _Rows, subject: Subject) -> list[tuple[str, str, str]]:
    """Where the rollups are: a statement may have been run under several names."""
    keys: list[tuple[str | None, ...]] = [subject.key]
    if subject.kind == "operation" and len(subject.key) == 1:
        sql = f"""
            SELECT DISTINCT metric_type, metric_name, query_hash FROM (
                SELECT * FROM operation_metrics WHERE query_hash = ? ORDER BY timestamp DESC LIMIT {MOST}
            )
        """  # noqa: S608  # only a number of ours
        keys = select(database, sql, *subject.key)
    elif subject.kind == "operation":
        keys = [(*subject.key, None)]
    return [(*rows.rolled, msgspec.json.encode(key).decode()) for key in keys] if rows.rolled else []


def _medians(
    database: peewee.SqliteDatabase,
    series: Sequence[tuple[str, str, str]],
    since_ms: int,
    now_ms: int,
    step_ms: int,
) -> list[Point]:
    """What is not yet over is left out: its median still moves."""
    until_ms = now_ms - now_ms % step_ms
    since_ms = max(since_ms + -since_ms % step_ms, until_ms - MOST * step_ms)
    together: dict[int, Rolled] = {}
    for kind, column, key in series if since_ms < until_ms else ():
        for ms, stretch in rolled.stretches(database, kind, column, since_ms, until_ms, step_ms, key):
            _join(together.setdefault(ms, Rolled()), stretch)
    medians = ((ms, together[ms].percentile(0.5), together[ms].count) for ms in sorted(together))
    return [Point(ms, median, count) for ms, median, count in medians if median is not None]


def _join(whole: Rolled, part: Rolled) -> None:
    whole.count += part.count
    sketch.merge(whole.buckets, part.buckets.items())
    for name, best in (("low", min), ("high", max)):
        known = [value for value in (getattr(whole, name), getattr(part, name)) if value is not None]
        setattr(whole, name, best(known, default=None))
