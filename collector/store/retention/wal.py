"""Checkpoints apart from commits: one that does both takes twice as long as either, and holds up a flush."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collector.sqlite import sqlite3


@contextmanager
def without_checkpoints(conn: sqlite3.Connection) -> Iterator[None]:
    """What is committed meanwhile stays in the write-ahead log, however long that is."""
    with _set(conn, "wal_autocheckpoint", 0):
        yield


def checkpoint(conn: sqlite3.Connection) -> None:
    """Move what is in the write-ahead log into the file, as far as no reader needs it there."""
    conn.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()


def cut(conn: sqlite3.Connection) -> None:
    """The same, and shorten the log, unless a reader is at work: it is not waited for."""
    with _set(conn, "busy_timeout", 0):
        conn.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def limit(conn: sqlite3.Connection, log_bytes: int) -> None:
    """From now on the log is shortened to so much each time when it begins anew."""
    conn.execute(f"PRAGMA journal_size_limit = {log_bytes}").fetchall()


@contextmanager
def _set(conn: sqlite3.Connection, name: str, value: int) -> Iterator[None]:
    """A setting of the connection is another one for a while."""
    ((before,),) = conn.execute(f"PRAGMA {name}").fetchall()
    conn.execute(f"PRAGMA {name} = {value}").fetchall()
    try:
        yield
    finally:
        conn.execute(f"PRAGMA {name} = {before}").fetchall()
