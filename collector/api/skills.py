"""The questions of the skill profiler: which skills, the runs of one, and its averages."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from collector.answers.timed import ask_sql

if TYPE_CHECKING:
    from collector.orm import peewee


class SkillAverages(NamedTuple):
    """Figures of one skill; averages and ``failure_rate`` (0 to 1) are None when it never ran."""

    skill_id: str
    avg_execution_ms: float | None
    avg_tokens: float | None
    total_runs: int
    failure_rate: float | None


def skills(database: peewee.SqliteDatabase) -> list[str]:
    """All of them, in the order of their names; one step into the index for each."""
    rows = ask_sql(
        database,
        "skills",
        """
        WITH RECURSIVE skills(name) AS (
            SELECT min(skill_id) FROM skill_metrics
            UNION ALL
            SELECT (SELECT min(skill_id) FROM skill_metrics WHERE skill_id > name) FROM skills
            WHERE name IS NOT NULL
        )
        SELECT name FROM skills WHERE name IS NOT NULL
        """,
    )
    return [row["name"] for row in rows]


def averages(database: peewee.SqliteDatabase, skill_id: str) -> SkillAverages:
    """Tokens are those in and out together."""
    (row,) = ask_sql(
        database,
        "skill.averages",
        """
        SELECT avg(execution_ms) AS avg_execution_ms, avg(tokens_in + tokens_out) AS avg_tokens,
               count(*) AS total_runs, avg(NOT success) AS failure_rate
        FROM skill_metrics WHERE skill_id = ?
        """,
        skill_id,
    )
    return SkillAverages(skill_id, **row)
