"""Changes as they are stored: asked for, and what stands in the row of one.

A change keeps its row, and with it its number, while runs come in.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from collector.answers import stored_documents
from collector.answers.found import Cause, Found
from collector.answers.percentiles import percentile
from collector.answers.subjects import METRICS, Point, Subject
from collector.answers.timed import Row, ask_sql

if TYPE_CHECKING:
    from collector.answers.points import Loaded
    from collector.orm import peewee

# Bars on each side of a sparkline, and from how many runs before the change they are made.
BARS = 11
_TREND_BEFORE = 60

# What stands among the evidence besides that of the cause: whether it shows in noisy runs only, how many
# failed ones were left out, how many noisy ones lie between the last run before it and the first one after,
# how long a stretch is where its points are such, and how many there are after.
_OF_RUNS = ("only_noisy", "left_out", "noisy_between", "stretch_s", "stretches")
# And, of a sure one, by how many points on each side it became so, and that it is settled for good.
OWN_EVIDENCE = (*_OF_RUNS, "sure_by", "settled")

_SELECT = "SELECT * FROM changes"


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
    """What else changed in a time, as far as it is stored: the runs next to each change stand for all.

    One from or to nothing has no ratio, so it cannot be compared.
    """
    sql = f"""
        {_SELECT} WHERE timestamp BETWEEN ? AND ? AND state <> 'gone' AND ratio IS NOT NULL
        ORDER BY timestamp LIMIT 200
    """
    return [_refound(row) for row in _rows(database, "changes.around", sql, from_ms, to_ms)]


def told_since(database: peewee.SqliteDatabase, number: int) -> list[Row]:
    """What was told of its figure since the change ``number``, that one with it, or accepted since."""
    sql = """
        SELECT one.* FROM changes AS first JOIN changes AS one USING (subject_kind, subject, metric)
        WHERE first.id = ? AND (one.told_ms >= first.told_ms OR one.accepted_ms >= first.told_ms)
    """
    return _rows(database, "changes.told_since", sql, number)


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
        confirmed=row["state"] != "provisional",
    )


def _rows(database: peewee.SqliteDatabase, name: str, sql: str, *values: Any) -> list[Row]:
    return [
        row
        | {
            "evidence": stored_documents.evidence(row["evidence"]),
            "trend": stored_documents.trend(row["trend"]),
        }
        for row in ask_sql(database, name, sql, *values)
    ]


def baseline_ms(rows: Sequence[Row]) -> int:
    """From when on a subject is looked at: its newest change that was accepted, or ever since."""
    return max((row["timestamp"] for row in rows if row["accepted_ms"] is not None), default=0)


def row_of(found: Found, cause: Cause, loaded: Loaded, now_ms: int) -> Row:
    """What is stored of a change, but for its number."""
    subject = found.subject
    # Logarithms take nothing for a little; as a figure that is no ratio.
    is_known = found.median_before > 0 < found.median_after
    ratios = (found.ratio, found.low, found.high) if is_known else (None, None, None)
    is_sure = found.confirmed and not found.only_noisy
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
        **dict(zip(("ratio", "ratio_low", "ratio_high"), ratios, strict=True)),
        "runs_before": _runs(found.before),
        "runs_after": _runs(found.after),
        "noisy_left_out": found.noisy_before + found.noisy_after,
        "state": "confirmed" if is_sure else "provisional",
        "first_commit": cause.first_commit,
        "cause": cause.verdict,
        "sentence": cause.sentence,
        "evidence": cause.evidence | _own_evidence(found, loaded),
        "trend": {"before": _bars(found.before[-_TREND_BEFORE:]), "after": _bars(found.after)},
        "found_ms": now_ms,
        "told_ms": None,
        "doubted_ms": None,
        "accepted_ms": None,
        "note": None,
    }


def _own_evidence(found: Found, loaded: Loaded) -> dict[str, Any]:
    """What is to be known of the runs themselves, where there is anything."""
    values = (
        found.only_noisy,
        loaded.left_out,
        sum(found.last_before_ms < point.timestamp < found.at_ms for point in loaded.points if point.noisy),
        loaded.step_ms // 1000,
        len(found.after),
    )
    told = dict(zip(_OF_RUNS, values, strict=True))
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
