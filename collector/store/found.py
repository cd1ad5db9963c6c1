"""Changes as the writer keeps them: those that were found, those that are gone, those that were accepted."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collector.sqlite import sqlite3

LONGEST_NOTE = 2_000

Row = dict[str, Any]
# How far something has come, and when that was (ms).
Position = tuple[int, int]

# Its number, and what somebody has said of a change, is not for a look to change.
_NOT_LOOKED_AT = frozenset(("id", "found_ms", "accepted_ms", "note"))
_ACCEPT = """
    UPDATE changes SET state = 'accepted', accepted_ms = ?, note = ?
    WHERE id = ? AND accepted_ms IS NULL AND state <> 'gone'
"""
_POSITION = "INSERT OR REPLACE INTO upkeep_positions (name, position, timestamp) VALUES (?, ?, ?)"


def keep(rows: Sequence[Row], positions: Mapping[str, Position]) -> Callable[[sqlite3.Connection], list[int]]:
    """A step that stores what a look found: a row without ``id`` is new; returns the numbers of the rows.

    The keys of a row are the columns of ``changes``. ``positions`` are how far the look has come; they stand
    in the same transaction.
    """

    def step(conn: sqlite3.Connection) -> list[int]:
        numbers = [_stored(conn, row) for row in rows]
        conn.executemany(_POSITION, [(name, *position) for name, position in positions.items()])
        return numbers

    return step


def _stored(conn: sqlite3.Connection, row: Row) -> int:
    texts = {name: msgspec.json.encode(row[name]).decode() for name in ("evidence", "trend")}
    written = row | texts
    number = written.pop("id", None)
    if number is None:
        marks = ", ".join("?" * len(written))
        sql = f"INSERT INTO changes ({', '.join(written)}) VALUES ({marks})"  # noqa: S608  # only names of ours
        return int(conn.execute(sql, [*written.values()]).lastrowid or 0)
    newer = {name: value for name, value in written.items() if name not in _NOT_LOOKED_AT}
    columns = ", ".join(f"{name} = ?" for name in newer)
    sql = f"UPDATE changes SET {columns} WHERE id = ? AND accepted_ms IS NULL"  # noqa: S608  # the same
    conn.execute(sql, [*newer.values(), number])
    return int(number)


def accept(number: int, note: str, now_ms: int) -> Callable[[sqlite3.Connection], str]:
    """A step that makes a change the new normal; returns why it cannot, or an empty text."""

    def step(conn: sqlite3.Connection) -> str:
        if conn.execute(_ACCEPT, (now_ms, note, number)).rowcount:
            return ""
        found = conn.execute("SELECT accepted_ms FROM changes WHERE id = ?", (number,)).fetchone()
        if found is None:
            return f"there is no change {number}"
        return f"change {number} is gone" if found[0] is None else f"change {number} is accepted already"

    return step


def asked(words: Mapping[str, Any]) -> tuple[int, str]:
    """The ``id`` and the ``note`` of what was asked for; raises ValueError with what is wrong with them."""
    number, note = words.get("id"), words.get("note")
    if not isinstance(number, int) or isinstance(number, bool) or not 0 < number < 1 << 63:
        raise ValueError("id: must be the number of a change")
    if not isinstance(note, str) or not note.strip():
        raise ValueError("note: must say why, it cannot be empty")
    if len(note) > LONGEST_NOTE or "\x00" in note:
        raise ValueError(f"note: must be a text of at most {LONGEST_NOTE:,} characters")
    note.encode()  # raises UnicodeEncodeError, a ValueError, for half a surrogate pair
    return number, note.strip()
