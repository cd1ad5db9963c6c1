"""A run, or an execution that was reported, with those before it that say what is usual."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from collector.answers.timed import Row, ask_sql
from collector.answers.usual.normal import ENOUGH
from collector.records.run import Run

if TYPE_CHECKING:
    from collector.orm import peewee

# What is usual is told by so many; as many again make up for those that were noisy.
USUAL = 60
LOOKED_AT = 2 * USUAL
# Operations have no index by name, so the newest are looked through.
NEWEST_OPERATIONS = 100_000
NOT_BEGUN = ("missed", "overlapped")

_LONG = ("plan", "output")
_COLUMNS = ", ".join(f'"{f.column_name}"' for f in Run._meta.sorted_fields if f.column_name not in _LONG)


@dataclass(frozen=True, slots=True)
class Before:
    """What came before one run: ``usual`` are up to 60 that went well, newest first.

    ``noisy`` of them were left out, since enough others are there. ``recent`` are the last 60 that began,
    however they went: commit, dirty, command.
    """

    usual: Sequence[Row]
    noisy: int = 0
    recent: Sequence[Row] = ()

    @property
    def is_enough(self) -> bool:
        """Whether it takes to say what is usual."""
        return len(self.usual) >= ENOUGH


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
    """The runs of the same workload that went well before ``run``."""
    sql = f"""
        SELECT {_COLUMNS} FROM workload_runs
        WHERE workload = ? AND timestamp < ? AND outcome = 'ok' AND wall_ms IS NOT NULL
        ORDER BY timestamp DESC, id DESC LIMIT ?
        """  # noqa: S608  # only names of ours
    rows = ask_sql(database, "why.before", sql, run["workload"], run["timestamp"], LOOKED_AT)
    recent = _recent(database, run)
    quiet = [row for row in rows if not row["noisy"]][:USUAL]
    if len(quiet) < ENOUGH:
        return Before(rows[:USUAL], recent=recent)
    oldest = quiet[-1]["timestamp"]
    return Before(quiet, sum(bool(row["noisy"]) for row in rows if row["timestamp"] > oldest), recent)


def _recent(database: peewee.SqliteDatabase, run: Row) -> list[Row]:
    sql = f"""
        SELECT git_commit, git_dirty, command FROM workload_runs
        WHERE workload = ? AND timestamp < ? AND outcome NOT IN {NOT_BEGUN}
        ORDER BY timestamp DESC, id DESC LIMIT ?
        """  # noqa: S608  # only names of ours
    return ask_sql(database, "why.recent", sql, run["workload"], run["timestamp"], USUAL)


_OPERATIONS = """
    SELECT 'operation' AS kind, metric_name AS name, timestamp, duration_ms AS value_ms, success
    FROM (
        SELECT metric_name, timestamp, duration_ms, success FROM operation_metrics ORDER BY id DESC LIMIT ?2
    )
    WHERE metric_name = ?1 ORDER BY timestamp DESC LIMIT ?3
"""
_INFERENCES = """
    SELECT 'inference' AS kind, model_name AS name, timestamp, inference_time * 1000 AS value_ms, success
    FROM inference_metrics WHERE model_name = ?1 ORDER BY timestamp DESC LIMIT ?3
"""
_SKILLS = """
    SELECT 'skill' AS kind, skill_id AS name, timestamp, execution_ms AS value_ms, success
    FROM skill_metrics WHERE skill_id = ?1 ORDER BY timestamp DESC LIMIT ?3
"""


def executed(database: peewee.SqliteDatabase, name: str) -> tuple[Row, Before] | None:
    """The newest execution of an operation, a model or a skill of this name, and those before it."""
    for sql in (_INFERENCES, _SKILLS, _OPERATIONS):
        rows = ask_sql(database, "why.executed", sql, name, NEWEST_OPERATIONS, LOOKED_AT + 1)
        if rows:
            well = [row for row in rows[1:] if row["success"] != 0]
            return rows[0], Before(well[:USUAL])
    return None


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
