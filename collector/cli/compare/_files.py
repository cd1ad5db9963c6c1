"""The record of another machine, opened so that nothing is left beside it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from collector import opened
from collector.answers.taken import COLUMNS
from collector.errors import DatabaseError
from collector.orm import select
from collector.store import schema

if TYPE_CHECKING:
    from collector.orm import peewee

_HINT = "file: takes the path of a collector.db of this version, or of one before"


@contextmanager
def record_at(path: Path) -> Iterator[peewee.SqliteDatabase]:
    """A connection that reads the record at ``path``, which may be of an older version.

    Raises DatabaseError when it is none, is of a newer one, or is so old that it lacks what is compared.
    A file that nobody writes stays alone in its folder: even one that only reads makes SQLite leave
    companions beside a file in WAL mode, unless it is told that the file does not change.
    """
    try:
        with opened.record_at(path, immutable=not _is_written(path)) as database:
            schema.refuse_newer(database, path)
            _refuse_lacking(database, path)
            yield database
    except DatabaseError as error:
        raise DatabaseError(error.message, hint=_HINT) from error


def _is_written(path: Path) -> bool:
    """Whether somebody has the file open to write, or did not close it."""
    return any(path.with_name(path.name + ending).exists() for ending in ("-wal", "-journal"))


def _refuse_lacking(database: peewee.SqliteDatabase, path: Path) -> None:
    """Raise DatabaseError where the file lacks a table or a column that is compared."""
    missing = []
    for table, columns in COLUMNS.items():
        there = {name for (name,) in select(database, f"SELECT name FROM pragma_table_info('{table}')")}  # noqa: S608  # only names of ours
        missing += [f"{table}.{name}" for name in columns if name not in there] if there else [table]
    if missing:
        raise DatabaseError(f"{path} was written by an older collector (it lacks {', '.join(missing)})")
