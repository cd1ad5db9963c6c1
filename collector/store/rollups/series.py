"""The numbers of series, and how many there may be."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from collector.log import Folded, get_logger
from collector.store.progress import move
from collector.store.rollups.sources import LAST, NOTHING
from collector.store.rollups.tiers import DAY

if TYPE_CHECKING:
    from collector.sqlite import sqlite3

# Of one column. Applications choose their names; a series costs some hundred bytes an hour.
MOST_KEYS = 20_000
# Looked at in one step: a dead one costs a look at each day there is.
MOST_PRUNED = 15

# In a table of this connection alone, so that what is undone is undone there too.
_COUNTS = (
    'CREATE TEMP TABLE IF NOT EXISTS series_counts (subject TEXT NOT NULL, "column" TEXT NOT NULL,'
    ' count INTEGER NOT NULL, PRIMARY KEY (subject, "column")) WITHOUT ROWID'
)
_COUNTED = 'SELECT count FROM series_counts WHERE subject = ? AND "column" = ?'
_COUNT = 'SELECT count(*) FROM series WHERE subject = ? AND "column" = ? AND "key" != ?'
_ONE_MORE = 'UPDATE series_counts SET count = count + 1 WHERE subject = ? AND "column" = ?'
_PRUNED = "series pruned"
_DAY_BEFORE = "SELECT max(timestamp) FROM rollups WHERE tier_s = ? AND timestamp < ?"
_IS_THERE = "SELECT 1 FROM rollups WHERE tier_s = ? AND timestamp = ? AND series_id = ?"

log = get_logger("rollups")
too_many = Folded(log, "rollups.too_many_keys")


def number(conn: sqlite3.Connection, subject: str, column: str, key: str) -> int:
    """The number of a series, which is made where there is none.

    Whatever comes with yet another key, when there are `MOST_KEYS` of a column, goes to one series without
    a key. Nothing is remembered outside the database: a transaction that is undone takes new series with it.
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
    if key != NOTHING:
        conn.execute(_ONE_MORE, (subject, column))
    return int(made.lastrowid or 0)


def _stored(conn: sqlite3.Connection, subject: str, column: str, key: str) -> int | None:
    row = conn.execute(
        'SELECT id FROM series WHERE subject = ? AND "column" = ? AND "key" = ?', (subject, column, key)
    ).fetchone()
    return None if row is None else int(row[0])


def _count(conn: sqlite3.Connection, subject: str, column: str) -> int:
    """How many keys a column has: counted once, then kept."""
    conn.execute(_COUNTS)
    row = conn.execute(_COUNTED, (subject, column)).fetchone()
    if row is None:
        row = conn.execute(_COUNT, (subject, column, NOTHING)).fetchone()
        conn.execute("INSERT INTO series_counts VALUES (?, ?, ?)", (subject, column, row[0]))
    return int(row[0])


def prune(conn: sqlite3.Connection, now_ms: int, most: int = MOST_PRUNED) -> bool:
    """Delete series without rollups: once a day, ``most`` looked at in a step; True while more is left.

    A step belongs into a transaction, and not between those of a repair, which remembers numbers. Days stay,
    and whatever is rolled up has its day: so only days are asked. The last series stays as well, since
    SQLite would give its number to the next one.
    """
    place = conn.execute("SELECT position, timestamp FROM upkeep_positions WHERE name = ?", (_PRUNED,))
    at, moved_ms = place.fetchone() or (0, -DAY * 1000)
    if not at and 0 <= now_ms - moved_ms < DAY * 1000:
        return False
    found = "SELECT id FROM series WHERE id > ? AND id < (SELECT max(id) FROM series) ORDER BY id LIMIT ?"
    numbers = [number for (number,) in conn.execute(found, (at, most))]
    gone = _without_days(conn, numbers)
    conn.executemany("DELETE FROM series WHERE id = ?", [(number,) for number in gone])
    if gone:
        conn.execute("DROP TABLE IF EXISTS temp.series_counts")
    move(conn, _PRUNED, numbers[-1] if numbers else 0, now_ms)
    return bool(numbers)


def _without_days(conn: sqlite3.Connection, numbers: list[int]) -> set[int]:
    """Those of which there is no day: most have one of the last few, so these are asked first."""
    left, day = {*numbers}, LAST
    while left:
        ((day,),) = conn.execute(_DAY_BEFORE, (DAY, day)).fetchall()
        if day is None:
            break
        left -= {number for number in left if conn.execute(_IS_THERE, (DAY, day, number)).fetchone()}
    return left
