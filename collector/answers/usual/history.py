"""A run, or an execution that was reported, with those before it that say what is usual."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from collector.answers.timed import Row, ask_sql
from collector.answers.usual.normal import ENOUGH
from collector.records.run import Run

if TYPE_CHECKING:
    from collector.orm import peewee

# What is usual is told by so many. Quiet ones are looked for far back: few of them more or less should not
# decide whether noisy ones count.
USUAL = 60
LOOKED_AT = 300
# Operations have no index by name, so the newest are looked through.
NEWEST_OPERATIONS = 100_000
NOT_BEGUN = ("missed", "overlapped")

_LONG = ("plan", "output")
_COLUMNS = ", ".join(f'"{f.column_name}"' for f in Run._meta.sorted_fields if f.column_name not in _LONG)


@dataclass(frozen=True, slots=True)
class Before:
    """What came before one run: ``usual`` are up to 60 that went well, newest first.

    ``noisy`` of them were left out, since enough others are there; or ``with_noisy`` ones among them, since
    hardly any others are. ``recent`` are the last 60 that began, however they went: commit, dirty, command.
    ``since_ms`` is when the newest change began that somebody accepted: nothing before it counts.
    """

    usual: Sequence[Row]
    noisy: int = 0
    with_noisy: int = 0
    recent: Sequence[Row] = ()
    since_ms: int | None = None


def finished(database: peewee.SqliteDatabase, workload: str, back: int = 1) -> Row | None:
    """The newest run that began, or the ``back``-th newest; None where there are not so many."""
    sql = f"""
        SELECT {_COLUMNS} FROM workload_runs WHERE workload = ? AND outcome NOT IN {NOT_BEGUN}
        ORDER BY timestamp DESC, id DESC LIMIT 1 OFFSET ?
        """  # noqa: S608  # only names of ours
    rows = ask_sql(database, "why.run", sql, workload, back - 1)
    return rows[0] if rows else None


def numbered(database: peewee.SqliteDatabase, number: int) -> Row | None:
    """The run with this number, without what it printed."""
    sql = f"SELECT {_COLUMNS} FROM workload_runs WHERE id = ?"  # noqa: S608  # only names of ours
    rows = ask_sql(database, "why.run", sql, number)
    return rows[0] if rows else None


def before(database: peewee.SqliteDatabase, run: Row) -> Before:
    """The runs of the same workload that went well before ``run``, since the newest accepted change."""
    since_ms = accepted(database, ("workload", "canary"), run["workload"], run["timestamp"])
    sql = f"""
        SELECT {_COLUMNS} FROM workload_runs
        WHERE workload = ? AND timestamp < ? AND timestamp >= ? AND outcome = 'ok' AND wall_ms IS NOT NULL
        ORDER BY timestamp DESC, id DESC LIMIT ?
        """  # noqa: S608  # only names of ours
    asked = (run["workload"], run["timestamp"], since_ms or 0, LOOKED_AT)
    rows = ask_sql(database, "why.before", sql, *asked)
    recent = _recent(database, run)
    quiet = [row for row in rows if not row["noisy"]][:USUAL]
    if len(quiet) < ENOUGH:
        last = rows[:USUAL]
        return Before(last, with_noisy=_noisy(last), recent=recent, since_ms=since_ms)
    oldest = quiet[-1]["timestamp"]
    left_out = _noisy(row for row in rows if row["timestamp"] > oldest)
    return Before(quiet, noisy=left_out, recent=recent, since_ms=since_ms)


def _noisy(rows: Iterable[Row]) -> int:
    return sum(bool(row["noisy"]) for row in rows)


def accepted(
    database: peewee.SqliteDatabase, kinds: Sequence[str], subject: str, before_ms: int, ending: str = ""
) -> int | None:
    """When the newest change of a subject began that was accepted as its new normal; None without one.

    Changes that began after ``before_ms`` do not count: they were no normal then. ``ending`` is how the
    subject's name may end instead, as those of statements do with their fingerprint.
    """
    sql = """
        SELECT max(timestamp) AS since FROM changes
        WHERE subject_kind IN (SELECT value FROM json_each(?1)) AND accepted_ms IS NOT NULL
        AND timestamp <= ?3 AND (subject = ?2 OR (?4 <> '' AND subject LIKE '%' || ?4))
        """
    rows = ask_sql(database, "why.accepted", sql, json.dumps(kinds), subject, before_ms, ending)
    found: int | None = rows[0]["since"]
    return found


def _recent(database: peewee.SqliteDatabase, run: Row) -> list[Row]:
    sql = f"""
        SELECT git_commit, git_dirty, command FROM workload_runs
        WHERE workload = ? AND timestamp < ? AND outcome NOT IN {NOT_BEGUN}
        ORDER BY timestamp DESC, id DESC LIMIT ?
        """  # noqa: S608  # only names of ours
    return ask_sql(database, "why.recent", sql, run["workload"], run["timestamp"], USUAL)


_OPERATIONS = """
    SELECT 'operation' AS kind, metric_name AS name, timestamp, duration_ms AS value_ms, success,
    metric_name || ' · ' || metric_type AS subject, coalesce(substr(query_hash, 1, 8), '') AS ending
    FROM (
        SELECT metric_name, metric_type, query_hash, timestamp, duration_ms, success
        FROM operation_metrics ORDER BY id DESC LIMIT ?2
    )
    WHERE metric_name = ?1 ORDER BY timestamp DESC LIMIT ?3
"""
_INFERENCES = """
    SELECT 'inference' AS kind, model_name AS name, timestamp, inference_time * 1000 AS value_ms, success,
    model_name || ' · ' || task_type AS subject, '' AS ending
    FROM inference_metrics WHERE model_name = ?1 ORDER BY timestamp DESC LIMIT ?3
"""
_SKILLS = """
    SELECT 'skill' AS kind, skill_id AS name, timestamp, execution_ms AS value_ms, success,
    skill_id AS subject, '' AS ending
    FROM skill_metrics WHERE skill_id = ?1 ORDER BY timestamp DESC LIMIT ?3
"""


def executed(database: peewee.SqliteDatabase, name: str) -> tuple[Row, Before] | None:
    """The newest execution of an operation, a model or a skill of this name, and those before it."""
    for sql in (_INFERENCES, _SKILLS, _OPERATIONS):
        rows = ask_sql(database, "why.executed", sql, name, NEWEST_OPERATIONS, LOOKED_AT + 1)
        if rows:
            return _without_names(rows[0]), _executed_before(database, *rows)
    return None


def _executed_before(database: peewee.SqliteDatabase, newest: Row, *others: Row) -> Before:
    """Those of ``others`` that went well, since the newest accepted change of what the newest is of."""
    names = newest["subject"], newest["timestamp"], newest["ending"]
    since_ms = accepted(database, (newest["kind"],), *names)
    well = [row for row in others if row["success"] != 0 and row["timestamp"] >= (since_ms or 0)]
    return Before(well[:USUAL], since_ms=since_ms)


def _without_names(row: Row) -> Row:
    """An execution without what changes call it."""
    return {name: value for name, value in row.items() if name not in ("subject", "ending")}


def reported_names(database: peewee.SqliteDatabase) -> list[str]:
    """Names of recent operations, models and skills: for a hint where one is misspelled."""
    sql = """
        SELECT metric_name AS name FROM (
            SELECT metric_name FROM operation_metrics ORDER BY id DESC LIMIT ?1
        )
        UNION SELECT model_name FROM (SELECT model_name FROM inference_metrics ORDER BY id DESC LIMIT ?1)
        UNION SELECT skill_id FROM (SELECT skill_id FROM skill_metrics ORDER BY id DESC LIMIT ?1)
        """
    return [row["name"] for row in ask_sql(database, "why.names", sql, 10_000)]
