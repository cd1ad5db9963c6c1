"""Changes as they are stored: which row a change that was found belongs to, and what stands in it.

A change keeps its row, and with it its number, while runs come in.
"""

from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import msgspec

from collector.answers.found import Cause, Found
from collector.answers.percentiles import percentile
from collector.answers.subjects import METRICS, Point, Subject
from collector.answers.timed import Row, ask_sql
from collector.records.change import Change

if TYPE_CHECKING:
    from collector.answers.points import Loaded
    from collector.orm import peewee

# Two finds whose places lie so many runs apart at most are one change.
SAME_WITHIN = 12
# From so many runs on a level on, one that is no longer found there is gone.
FEWEST_BEFORE = 4
# Bars on each side of a sparkline, and from how many runs before the change they are made.
BARS = 11
_TREND_BEFORE = 60

# What stands among the evidence besides that of the cause: whether it shows in noisy runs only, how many
# failed ones were left out, how long a stretch is where its points are such, and how many there are after.
OWN_EVIDENCE = ("only_noisy", "left_out", "stretch_s", "stretches")

COLUMNS = tuple(field.column_name for field in Change._meta.sorted_fields)
_SELECT = f"SELECT {', '.join(COLUMNS)} FROM changes"  # noqa: S608  # only names of ours


def of_subjects(database: peewee.SqliteDatabase, subjects: Iterable[Subject]) -> dict[Subject, list[Row]]:
    """What is stored of each; a statement whose text was told later is found by its fingerprint too."""
    subjects = list(subjects)
    names = {name for subject in subjects for name in _names(subject)}
    sql = f"""
        {_SELECT} WHERE subject_kind IN ('workload', 'canary', 'operation', 'inference', 'skill', 'benchmark')
        AND subject IN (SELECT value FROM json_each(?)) ORDER BY timestamp, id
    """  # noqa: S608  # only names of ours
    stored: dict[tuple[str, str], list[Row]] = {}
    for row in _rows(database, "changes.of_subjects", sql, json.dumps(sorted(names))):
        stored.setdefault((row["subject"], row["metric"]), []).append(row)
    return {
        subject: [
            row
            for name in _names(subject)
            for row in stored.get((name, subject.metric), [])
            if _is_of(row, subject)
        ]
        for subject in subjects
    }


def _names(subject: Subject) -> tuple[str, ...]:
    is_statement = subject.kind == "operation" and len(subject.key) == 1 and subject.key[0] != subject.name
    return (subject.name, subject.key[0]) if is_statement else (subject.name,)


def _is_of(row: Row, subject: Subject) -> bool:
    """A workload may become a canary, and stay what it is."""
    both = {"workload", "canary"}
    return row["subject_kind"] == subject.kind or {row["subject_kind"], subject.kind} <= both


def since(database: peewee.SqliteDatabase, since_ms: int) -> list[Row]:
    """All changes whose first run began then or later, newest first."""
    return _rows(
        database,
        "changes.since",
        f"{_SELECT} WHERE timestamp >= ? ORDER BY timestamp DESC, id DESC",
        since_ms,
    )


def one(database: peewee.SqliteDatabase, number: int) -> Row | None:
    """The change with this number, or None."""
    found = _rows(database, "changes.one", f"{_SELECT} WHERE id = ?", number)
    return found[0] if found else None


def around(database: peewee.SqliteDatabase, from_ms: int, to_ms: int) -> list[Found]:
    """What else changed in a time, as far as it is stored: the runs next to each change stand for all."""
    sql = f"{_SELECT} WHERE timestamp BETWEEN ? AND ? AND state <> 'gone' ORDER BY timestamp LIMIT 200"
    return [_refound(row) for row in _rows(database, "changes.around", sql, from_ms, to_ms)]


def _refound(row: Row) -> Found:
    unit, higher_is_better = METRICS.get(row["metric"], ("", False))
    subject = Subject(row["subject_kind"], row["subject"], row["metric"], unit, higher_is_better)
    return Found(
        subject,
        (Point(row["last_before_ms"], row["before"]),),
        (Point(row["timestamp"], row["after"]),),
        row["before"],
        row["after"],
        row["ratio"],
        row["ratio_low"],
        row["ratio_high"],
        confirmed=row["state"] == "confirmed",
    )


def _rows(database: peewee.SqliteDatabase, name: str, sql: str, *values: Any) -> list[Row]:
    return [
        row | {column: _decoded(row[column]) for column in ("evidence", "trend")}
        for row in ask_sql(database, name, sql, *values)
    ]


def _decoded(text: str | None) -> Any:
    return None if text is None else msgspec.json.decode(text)


def baseline_ms(rows: Sequence[Row]) -> int:
    """From when on a subject is looked at: its newest change that was accepted, or ever since."""
    return max((row["timestamp"] for row in rows if row["accepted_ms"] is not None), default=0)


def matched(found: Sequence[Found], rows: Sequence[Row], points: Sequence[Point]) -> list[Row | None]:
    """The row of each change, where there is one: the nearest in the same direction within 12 runs. Pure."""
    moments = [point.timestamp for point in points]
    places = {row["id"]: bisect_left(moments, row["timestamp"]) for row in rows}
    pairs = sorted(
        (abs(bisect_left(moments, one.at_ms) - places[row["id"]]), i, j)
        for i, one in enumerate(found)
        for j, row in enumerate(rows)
        if row["accepted_ms"] is None and (one.ratio > 1) == (row["ratio"] > 1)
    )
    mine: list[Row | None] = [None] * len(found)
    taken: set[int] = set()
    for apart, i, j in pairs:
        if apart <= SAME_WITHIN and mine[i] is None and j not in taken:
            mine[i] = rows[j]
            taken.add(j)
    return mine


def gone(rows: Sequence[Row], kept: Sequence[Row | None], loaded: Loaded) -> list[int]:
    """Numbers of changes that newer runs do not bear out. Pure.

    One of which too little before it is looked at any more, since it was long ago, stays as it is.
    """
    moments = [point.timestamp for point in loaded.points]
    least = FEWEST_BEFORE if loaded.whole else SAME_WITHIN
    numbers = {row["id"] for row in kept if row is not None}
    return [
        row["id"]
        for row in rows
        if row["id"] not in numbers
        and row["state"] != "gone"
        and row["accepted_ms"] is None
        and bisect_left(moments, row["timestamp"]) >= least
    ]


def row_of(found: Found, cause: Cause, loaded: Loaded, now_ms: int) -> Row:
    """What is stored of a change, but for its number."""
    subject = found.subject
    return {
        "subject_kind": subject.kind,
        "subject": subject.name,
        "metric": subject.metric,
        "timestamp": found.at_ms,
        "last_before_ms": found.last_before_ms,
        "before": found.median_before,
        "after": found.median_after,
        "before_p95": _p95(found.before),
        "after_p95": _p95(found.after),
        "ratio": found.ratio,
        "ratio_low": found.low,
        "ratio_high": found.high,
        "runs_before": _runs(found.before),
        "runs_after": _runs(found.after),
        "noisy_left_out": found.noisy_before + found.noisy_after,
        "state": "confirmed" if found.confirmed else "provisional",
        "first_commit": cause.first_commit,
        "cause": cause.verdict,
        "sentence": cause.sentence,
        "evidence": cause.evidence | _own_evidence(found, loaded),
        "trend": {"before": _bars(found.before[-_TREND_BEFORE:]), "after": _bars(found.after)},
        "found_ms": now_ms,
        "accepted_ms": None,
        "note": None,
    }


def _own_evidence(found: Found, loaded: Loaded) -> dict[str, Any]:
    """What is to be known of the runs themselves, where there is anything."""
    values = (found.only_noisy, loaded.left_out, loaded.step_ms // 1000, len(found.after))
    told = dict(zip(OWN_EVIDENCE, values, strict=True))
    return {name: value for name, value in told.items() if value and (name != "stretches" or loaded.step_ms)}


def _p95(points: Sequence[Point]) -> float:
    return percentile([point.value for point in points], 0.95) or 0.0


def _runs(points: Sequence[Point]) -> int:
    return sum(point.rows for point in points)


def _bars(points: Sequence[Point]) -> list[float]:
    """Medians of at most so many parts of equal length."""
    count = min(BARS, len(points))
    cuts = [i * len(points) // count for i in range(count + 1)]
    parts = (points[start:end] for start, end in pairwise(cuts))
    return [percentile([point.value for point in part], 0.5) or 0.0 for part in parts]
