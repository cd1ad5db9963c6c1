"""Short steps that keep the file in shape; they run in the writer, between flushes."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collector.sqlite import sqlite3

CHECKPOINT_SECONDS = 3600.0


def checkpoint(conn: sqlite3.Connection) -> None:
    """Move the write-ahead log into the file and shorten it; what readers still need stays.

    Not in a transaction: SQLite refuses a checkpoint inside one.
    """
    conn.execute("PRAGMA optimize")
    conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
