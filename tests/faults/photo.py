"""What a database holds, table by table, as whoever opens it next would find it."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Collection, Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from collector.sqlite import sqlite3
from tests.faults.ground import Ground

_COMPANIONS = ("", "-wal", "-journal")
_HISTORY = "schema_migration"
_SCHEMA = (
    "SELECT type, name, tbl_name, sql FROM sqlite_master",
    f"SELECT name FROM {_HISTORY}",  # a name of ours
    "PRAGMA user_version",
)


@dataclass(frozen=True)
class Photo:
    """``schema``: type, name and SQL of all objects, the migrations that are noted, and the version of the
    header; ``rows`` by table, each as its columns by name."""

    schema: frozenset[tuple[Any, ...]]
    rows: dict[str, Counter[frozenset[tuple[str, Any]]]]
    unsound: list[str]

    @property
    def noted(self) -> list[str]:
        """The migrations that it says it went through."""
        return sorted(row[0] for row in self.schema if len(row) == 1 and isinstance(row[0], str))

    @property
    def version(self) -> int:
        """What its header says."""
        return next(row[0] for row in self.schema if isinstance(row[0], int))

    def lacks(self, before: Photo, besides: Collection[str] = ()) -> dict[str, int]:
        """How many rows of ``before`` are not here, by table: of tables and columns that both have."""
        found = {}
        for table in before.rows.keys() & self.rows.keys() - {*besides}:
            columns = before.columns(table) & self.columns(table)
            if missing := narrowed(before.rows[table], columns) - narrowed(self.rows[table], columns):
                found[table] = missing.total()
        return found

    def columns(self, table: str) -> set[str]:
        """Those of a table; an empty one has none to compare."""
        return {name for name, _ in next(iter(self.rows[table]), ())}


def narrowed(
    rows: Counter[frozenset[tuple[str, Any]]], columns: Collection[str]
) -> Counter[frozenset[tuple[str, Any]]]:
    """The rows with these columns alone."""
    found: Counter[frozenset[tuple[str, Any]]] = Counter()
    for row, count in rows.items():
        found[frozenset((name, value) for name, value in row if name in columns)] += count
    return found


def taken(path: Path, into: Path) -> Photo:
    """Of a copy of the database at ``path`` and of what lies beside it, which stay as they are.

    ``into`` is a folder for the copy. Nobody may write meanwhile.
    """
    shutil.rmtree(into, ignore_errors=True)
    into.mkdir()
    for ending in _COMPANIONS:
        if (file := path.with_name(path.name + ending)).exists():
            shutil.copy(file, into / file.name)
    with closing(sqlite3.connect(into / path.name)) as conn:
        return Photo(
            frozenset(row for sql in _SCHEMA for row in conn.execute(sql)),
            {name: Counter(_rows(conn, name)) for name in _tables(conn)},
            [line for (line,) in conn.execute("PRAGMA integrity_check") if line != "ok"],
        )


def of_now(ground: Ground) -> Photo:
    """Of the record of a ground."""
    return taken(ground.victim.database, ground.own / "photo")


def _tables(conn: sqlite3.Connection) -> list[str]:
    sql = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    return [name for (name,) in conn.execute(sql) if name != _HISTORY]


def _rows(conn: sqlite3.Connection, table: str) -> Iterable[frozenset[tuple[str, Any]]]:
    cursor = conn.execute(f'SELECT * FROM "{table}"')
    names = [column[0] for column in cursor.description]
    return (frozenset(zip(names, row, strict=True)) for row in cursor)
