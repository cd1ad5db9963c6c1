"""Rows of a database that was set aside are taken over: in the writer's thread, in a transaction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from collector.store import cache, stretches
from collector.store.database import savepoint
from collector.store.failures import REFUSALS, is_the_records_fault
from collector.store.recovery.progress import Progress
from collector.store.recovery.spans import Row
from collector.store.recovery.walks import Walk
from collector.store.rollups.groups import Cell, find, put
from collector.store.rollups.part import Part
from collector.store.topics import TOPICS

if TYPE_CHECKING:
    from collector.sqlite import sqlite3

_HAS_SERIES = "SELECT 1 FROM series WHERE id = ? AND id <= ?"
_SUMMED_UP = {table for topic in TOPICS.values() for table in topic.tables}


class Taken(NamedTuple):
    """How many rows were stored, and how many the table refused; the rest was there already."""

    saved: int
    refused: int = 0


def take(conn: sqlite3.Connection, walk: Walk, rows: Sequence[Row], progress: Progress) -> Taken:
    """Store rows; those whose key or whose sender's id is there already are left out."""
    if walk.fixed is not None:
        return _add(conn, walk, rows, progress)
    likely = _likely(walk, rows)
    taken = _all(conn, walk, likely)
    if taken is None:
        taken = _each(conn, walk, likely)
    if taken.saved and walk.table in _SUMMED_UP:
        _forget_answers(conn, walk, likely)
    return taken._replace(refused=taken.refused + len(rows) - len(likely))


def _likely(walk: Walk, rows: Sequence[Row]) -> Sequence[Row]:
    """Without those whose id nobody can have sent: where a file was cut in a row, the rest of it is zeros."""
    if "record_id" not in walk.columns:
        return rows
    place = walk.columns.index("record_id")
    return [row for row in rows if not (isinstance(row[place], str) and "\0" in row[place])]


def _all(conn: sqlite3.Connection, walk: Walk, rows: Sequence[Row]) -> Taken | None:
    """All at once; None, and nothing stored, when one of them is refused."""
    try:
        with savepoint(conn):
            return Taken(conn.executemany(_insert(walk), rows).rowcount)
    except REFUSALS as error:
        if not is_the_records_fault(error) or not conn.in_transaction:
            raise
        return None


def _each(conn: sqlite3.Connection, walk: Walk, rows: Sequence[Row]) -> Taken:
    saved = refused = 0
    sql = _insert(walk)
    for row in rows:
        try:
            saved += conn.execute(sql, row).rowcount
        except REFUSALS as error:
            if not is_the_records_fault(error) or not conn.in_transaction:
                raise
            refused += 1
    return Taken(saved, refused)


def _insert(walk: Walk) -> str:
    names = ", ".join(f'"{name}"' for name in walk.columns)
    marks = ", ".join("?" * len(walk.columns))
    return f'INSERT INTO "{walk.table}" ({names}) VALUES ({marks}) ON CONFLICT DO NOTHING'  # noqa: S608  # names of ours


def _add(conn: sqlite3.Connection, walk: Walk, rows: Sequence[Row], progress: Progress) -> Taken:
    """Rollups: what was made meanwhile is of other rows, and both are counted together."""
    saved = refused = 0
    for row in rows:
        found = dict(zip(walk.columns, row, strict=True))
        cell: Cell = (found["tier_s"], found["timestamp"], found["series_id"])
        if conn.execute(_HAS_SERIES, (cell[2], progress.series)).fetchone() is None:
            refused += 1
            progress.again(cell[1], cell[1] + cell[0] * 1000)
            continue
        try:
            if not conn.execute(_insert(walk), row).rowcount:
                _merge(conn, cell, tuple(found[name] for name in ("count", "sum", "min", "max", "sketch")))
            saved += 1
        except REFUSALS as error:
            if not is_the_records_fault(error) or not conn.in_transaction:
                raise
            refused += 1
    return Taken(saved, refused)


def _merge(conn: sqlite3.Connection, cell: Cell, row: Row) -> None:
    part = Part()
    part.add_row(row)
    if (stored := find(conn, cell)) is not None:
        part.add_row(stored)
    put([(cell, part.row())], conn)


def _forget_answers(conn: sqlite3.Connection, walk: Walk, rows: Sequence[Row]) -> None:
    """Rows that come in below the last one are news for nobody who only looks at the ends of a table."""
    numbers = {row[walk.columns.index(walk.key[0])] // stretches.ROWS for row in rows}
    stretches.forget(walk.table, numbers)(conn)
    cache.count(conn, cache.changes_key(walk.table))
