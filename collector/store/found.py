"""Changes as the writer keeps them: those that were found, those that are gone, those that were accepted."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from collector.records.change import Change

if TYPE_CHECKING:
    from collector.sqlite import sqlite3

LONGEST_NOTE = 2_000

Row = dict[str, Any]
# How far something has come, and when that was (ms).
Position = tuple[int, int]

_COLUMNS = tuple(field.column_name for field in Change._meta.sorted_fields)
_NEW = _COLUMNS[1:]
# What somebody has said of a change is not for a look to change.
_LOOKED_AT = tuple(name for name in _NEW if name not in ("found_ms", "accepted_ms", "note"))
_INSERT = f"INSERT INTO changes ({', '.join(_NEW)}) VALUES ({', '.join('?' * len(_NEW))})"  # noqa: S608  # only names of ours
_UPDATE = f"UPDATE changes SET {', '.join(f'{name} = ?' for name in _LOOKED_AT)}"  # noqa: S608  # the same
_UPDATE += " WHERE id = ? AND accepted_ms IS NULL"
_GONE = "UPDATE changes SET state = 'gone' WHERE id = ? AND accepted_ms IS NULL"
_ACCEPT = (
    "UPDATE changes SET accepted_ms = ?, note = ? WHERE id = ? AND accepted_ms IS NULL AND state <> 'gone'"
)
_POSITION = "INSERT OR REPLACE INTO upkeep_positions (name, position, timestamp) VALUES (?, ?, ?)"


def keep(
    rows: Sequence[Row], gone: Sequence[int], positions: Mapping[str, Position]
) -> Callable[[sqlite3.Connection], list[int]]:
    """A step that stores what a look found: a row without ``id`` is new; returns the numbers of the rows.

    ``positions`` are how far the look has come; they stand in the same transaction.
    """

    def step(conn: sqlite3.Connection) -> list[int]:
        numbers = [_stored(conn, row) for row in rows]
        conn.executemany(_GONE, [(number,) for number in gone])
        conn.executemany(_POSITION, [(name, *position) for name, position in positions.items()])
        return numbers

    return step


def _stored(conn: sqlite3.Connection, row: Row) -> int:
    texts = {name: msgspec.json.encode(row[name]).decode() for name in ("evidence", "trend")}
    written = row | texts
    number = row.get("id")
    if number is None:
        return int(conn.execute(_INSERT, [written[name] for name in _NEW]).lastrowid or 0)
    conn.execute(_UPDATE, [*(written[name] for name in _LOOKED_AT), number])
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
