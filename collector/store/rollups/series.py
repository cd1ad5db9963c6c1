"""The numbers of series, and how many there may be."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from collector.log import Folded, get_logger
from collector.store.rollups.sources import NOTHING

if TYPE_CHECKING:
    from collector.sqlite import sqlite3

# Of one column. Applications choose their names; a series costs some hundred bytes an hour.
MOST_KEYS = 20_000

log = get_logger("rollups")
too_many = Folded(log, "rollups.too_many_keys")


def number(conn: sqlite3.Connection, subject: str, column: str, key: str) -> int:
    """The number of a series, which is made where there is none.

    Whatever comes with yet another key, when there are `MOST_KEYS` of a column, goes to one series without
    a key. Nothing is remembered between calls: a transaction that is undone takes new series with it.
    """
    found = _stored(conn, subject, column, key)
    if found is not None:
        return found
    if key != NOTHING and _count(conn, subject, column) >= MOST_KEYS:
        too_many.happened(time.monotonic(), kind=subject, column=column, most=MOST_KEYS)
        return number(conn, subject, column, NOTHING)
    made = conn.execute(
        'INSERT INTO series (subject, "column", "key") VALUES (?, ?, ?)', (subject, column, key)
    )
    return int(made.lastrowid or 0)


def _stored(conn: sqlite3.Connection, subject: str, column: str, key: str) -> int | None:
    row = conn.execute(
        'SELECT id FROM series WHERE subject = ? AND "column" = ? AND "key" = ?', (subject, column, key)
    ).fetchone()
    return None if row is None else int(row[0])


def _count(conn: sqlite3.Connection, subject: str, column: str) -> int:
    ((count,),) = conn.execute(
        'SELECT count(*) FROM series WHERE subject = ? AND "column" = ?', (subject, column)
    ).fetchall()
    return int(count)
