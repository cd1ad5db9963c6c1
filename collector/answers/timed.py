"""Asking the database, with a clock that stops after the last row.

SQLite computes rows while they are fetched, so an answer's time is that of its last row.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collector.orm import peewee

Row = dict[str, Any]


@dataclass
class Limit:
    """What counts as slow for our own queries; ``[slow] query`` of the config sets it.

    ``is_told`` is False in an application that uses our API: its stderr is its own.
    """

    ms: float = 100.0
    is_told: bool = True


LIMIT = Limit()


def ask(database: peewee.SqliteDatabase, name: str, query: peewee.Select) -> list[Row]:
    """All rows of a Peewee query; ``name`` is what it is called where it is slow."""
    with _clock(name) as found:
        found.extend(query.dicts().execute(database))
    return found


def ask_sql(database: peewee.SqliteDatabase, name: str, sql: str, *values: Any) -> list[Row]:
    """All rows of a statement written by hand; ``values`` are bound, never formatted in."""
    execute: Any = database.execute_sql  # Peewee's stubs leave it untyped
    with _clock(name) as found:
        cursor = execute(sql, values)
        columns = [column[0] for column in cursor.description or ()]
        found.extend(dict(zip(columns, row, strict=True)) for row in cursor)
    return found


@contextmanager
def _clock(name: str) -> Iterator[list[Row]]:
    rows: list[Row] = []
    start = time.perf_counter()
    yield rows
    duration_ms = (time.perf_counter() - start) * 1000
    if LIMIT.is_told and duration_ms > LIMIT.ms:
        _warn(name, duration_ms, len(rows))


def _warn(name: str, duration_ms: float, rows: int) -> None:
    # Only now: the log's library costs a command more time than most answers take.
    from collector import log  # noqa: PLC0415

    if not log.is_configured():
        log.configure("warning")
    log.get_logger("answers").warning(
        "query.slow",
        name=f"collector.{name}",
        duration_ms=round(duration_ms, 1),
        threshold_ms=LIMIT.ms,
        rows=rows,
    )
