"""How far the parts of the upkeep have come, as it is stored: read and moved in the writer's transactions."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collector.sqlite import sqlite3


def rolled_up(kind: str) -> str:
    """The name of the position of a kind's rollups.

    All rows up to it are in them: row numbers, or moments in ms where a kind's rows have no number.
    """
    return f"rollup {kind}"


def position(conn: sqlite3.Connection, name: str) -> int | None:
    """Where a part of the upkeep is; None when it has not begun."""
    row = conn.execute("SELECT position FROM upkeep_positions WHERE name = ?", (name,)).fetchone()
    return None if row is None else int(row[0])


def move(conn: sqlite3.Connection, name: str, to: int, now_ms: int) -> None:
    """Note how far it has come; ``now_ms`` since the epoch."""
    conn.execute(
        "INSERT INTO upkeep_positions (name, position, timestamp) VALUES (?, ?, ?)"
        " ON CONFLICT (name) DO UPDATE SET position = excluded.position, timestamp = excluded.timestamp",
        (name, to, now_ms),
    )
