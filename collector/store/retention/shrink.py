"""Free pages are given back to the file system, so that the file becomes smaller."""

from __future__ import annotations

from typing import TYPE_CHECKING

from collector.log import get_logger
from collector.store.retention.sizes import pages

if TYPE_CHECKING:
    from pathlib import Path

    from collector.sqlite import sqlite3

log = get_logger("retention")

# Free pages are used again, so a few are no matter; most of what is left over then stays for new rows.
MANY_PAGES = 1_000
MANY_SHARE = 0.05
KEPT_SHARE = 0.01
_INCREMENTAL = 2


def surplus(conn: sqlite3.Connection, *, to_the_last: bool = False) -> int:
    """How many pages should be given back; ``to_the_last``: all that are free."""
    count, free, _ = pages(conn)
    if to_the_last:
        return free
    many = min(MANY_PAGES, round(count * MANY_SHARE))
    return free - round(count * KEPT_SHARE) if free > max(many, 1) else 0


def give_back(conn: sqlite3.Connection, count: int) -> int:
    """Give back so many pages, outside a transaction; how many went.

    `executescript` runs the pragma to its end; `execute` would free a single page.
    """
    before, _, _ = pages(conn)
    conn.executescript(f"PRAGMA incremental_vacuum({count})")
    return before - pages(conn)[0]


def can_shrink(conn: sqlite3.Connection, path: Path) -> bool:
    """Whether pages of the file can be given back; says so in the log when not."""
    ((mode,),) = conn.execute("PRAGMA auto_vacuum").fetchall()
    if mode != _INCREMENTAL:
        log.warning(
            "retention.cannot_shrink",
            database=str(path),
            reason="the file was made without auto_vacuum: free pages are used again, but it stays as large",
            hint=f'stop the recorder, then: sqlite3 {path} "PRAGMA auto_vacuum = incremental; VACUUM"',
        )
    return bool(mode == _INCREMENTAL)
