"""The ledger of runs: what ran, when, how long it took and how it ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from collector.answers.timed import Row, ask_sql
from collector.records.base import Flag
from collector.records.run import Run

if TYPE_CHECKING:
    from collector.orm import peewee

_FLAGS = [field.column_name for field in Run._meta.sorted_fields if isinstance(field, Flag)]

_COLUMNS = ", ".join(f'run."{field.column_name}"' for field in Run._meta.sorted_fields)

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
    values = [name, since_ms, outcome, limit, limit]
    rows = ask_sql(
        database,
        "runs",
        f"{names} SELECT {_COLUMNS} FROM names CROSS JOIN workload_runs AS run ON run.id IN ({newest})"  # noqa: S608  # only names of ours
        " ORDER BY run.timestamp DESC, run.id DESC LIMIT ?",
        *(value for value in values if value is not None),
    )
    return [_with_flags(row) for row in rows]


def one(database: peewee.SqliteDatabase, number: int) -> Row | None:
    """The run with this number, or None."""
    sql = f"SELECT {_COLUMNS} FROM workload_runs AS run WHERE run.id = ?"  # noqa: S608  # only names of ours
    rows = ask_sql(database, "runs.one", sql, number)
    return _with_flags(rows[0]) if rows else None


def count(
    database: peewee.SqliteDatabase, *, name: str | None = None, since_ms: int = 0, outcome: str | None = None
) -> int:
    """How many runs there are of what `ledger` was asked for."""
    given = {"workload = ?": name, "outcome = ?": outcome, "timestamp >= ?": since_ms or None}
    wanted = {condition: value for condition, value in given.items() if value is not None}
    where = f"WHERE {' AND '.join(wanted)}" if wanted else ""
    sql = f"SELECT count(*) AS runs FROM workload_runs {where}"  # noqa: S608  # only conditions of ours
    return int(ask_sql(database, "runs.count", sql, *wanted.values())[0]["runs"])


def _with_flags(row: Row) -> Row:
    return row | {flag: bool(row[flag]) for flag in _FLAGS if row[flag] is not None}


def names(database: peewee.SqliteDatabase) -> list[str]:
    """Everything that is registered or ever ran, in order."""
    rows = ask_sql(
        database,
        "runs.names",
        f"{_NAMES} SELECT name FROM names WHERE name IS NOT NULL"  # noqa: S608  # only names of ours
        " UNION SELECT name FROM workloads ORDER BY name",
    )
    return [row["name"] for row in rows]
