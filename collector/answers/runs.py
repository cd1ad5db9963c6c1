"""The ledger of runs: what ran, when, how long it took and how it ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from collector.answers.timed import Row, ask_sql
from collector.records.base import Flag
from collector.records.run import Run

if TYPE_CHECKING:
    from collector.orm import peewee

_FLAGS = [field.column_name for field in Run._meta.sorted_fields if isinstance(field, Flag)]

# The names in the ledger, each found with one step into the index instead of a walk along it.
_NAMES = """
    WITH RECURSIVE names(name) AS (
        SELECT min(workload) FROM workload_runs
        UNION ALL
        SELECT (SELECT min(workload) FROM workload_runs WHERE workload > names.name)
        FROM names WHERE names.name IS NOT NULL
    )
"""


def ledger(
    database: peewee.SqliteDatabase,
    *,
    name: str | None = None,
    since_ms: int = 0,
    outcome: str | None = None,
    limit: int = 20,
) -> list[Row]:
    """The newest ``limit`` runs, newest first, as rows with all columns of the table.

    Time has no index of its own, so the newest of each name are taken and merged.
    """
    newest = "SELECT id FROM workload_runs WHERE workload = names.name AND timestamp >= ?"
    if outcome is not None:
        newest += " AND outcome = ?"
    if outcome not in (None, "ok"):
        newest += " AND outcome <> 'ok'"  # lets an index of what did not go well serve
    newest += " ORDER BY timestamp DESC, id DESC LIMIT ?"
    names = _NAMES if name is None else "WITH names(name) AS (VALUES (?))"
    columns = ", ".join(f'run."{field.column_name}"' for field in Run._meta.sorted_fields)
    values = [name, since_ms, outcome, limit, limit]
    rows = ask_sql(
        database,
        "runs",
        f"{names} SELECT {columns} FROM names CROSS JOIN workload_runs AS run ON run.id IN ({newest})"  # noqa: S608  # only names of ours
        " ORDER BY run.timestamp DESC, run.id DESC LIMIT ?",
        *(value for value in values if value is not None),
    )
    for row in rows:
        row.update({flag: bool(row[flag]) for flag in _FLAGS if row[flag] is not None})
    return rows


def names(database: peewee.SqliteDatabase) -> list[str]:
    """Everything that is registered or ever ran, in order."""
    rows = ask_sql(
        database,
        "runs.names",
        f"{_NAMES} SELECT name FROM names WHERE name IS NOT NULL"  # noqa: S608  # only names of ours
        " UNION SELECT name FROM workloads ORDER BY name",
    )
    return [row["name"] for row in rows]
