"""Whether a database is damaged, as far as a look can tell that may not take long.

SQLite's quick check reads all pages but compares no index with its table. It takes about 1 s for 480 MB with
5 million rows that the kernel has in memory, and as long as the disk takes to read them where it has not.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from collector.sqlite import sqlite3
from collector.store.failures import classify

if TYPE_CHECKING:
    from collector.sqlite import sqlite3 as sqlite

MOST_LINES = 5
LONGEST = 500
# Steps of SQLite's machine between two looks at the clock: some tenths of a millisecond.
_EVERY = 10_000


class Look(NamedTuple):
    """``damage`` says what is wrong, None where nothing was seen; ``complete``: all was looked at."""

    damage: str | None
    complete: bool


def look(conn: sqlite.Connection, seconds: float, stopping: Callable[[], bool] = lambda: False) -> Look:
    """Look for at most ``seconds``, or until ``stopping`` says so.

    Raises what SQLite raises for anything but damage: a lock, a disk that fails or is full, a missing
    permission.
    """
    said: list[str] = []
    try:
        with _until(conn, time.monotonic() + seconds, stopping):
            conn.execute("SELECT count(*) FROM sqlite_master").fetchone()
            for (line,) in conn.execute(f"PRAGMA quick_check({MOST_LINES})"):
                said += [] if line == "ok" else [line]
    except sqlite3.Error as error:
        if classify(error) == "corrupt":
            return Look(_in_words([*said, str(error)]), complete=True)
        if not _is_interrupted(error):
            raise
        return Look(_in_words(said), complete=False)
    return Look(_in_words(said), complete=True)


@contextmanager
def _until(conn: sqlite.Connection, end: float, stopping: Callable[[], bool]) -> Iterator[None]:
    conn.set_progress_handler(lambda: time.monotonic() > end or stopping(), _EVERY)
    try:
        yield
    finally:
        conn.set_progress_handler(None, 0)


def _is_interrupted(error: sqlite.Error) -> bool:
    return bool((getattr(error, "sqlite_errorcode", 0) or 0) & 0xFF == sqlite3.SQLITE_INTERRUPT)


def _in_words(said: list[str]) -> str | None:
    """The first lines in one; a line of the check may have several, and a heading that tells nothing."""
    lines = [line.strip() for text in said for line in text.splitlines() if not line.startswith("***")]
    return "; ".join(lines[:MOST_LINES])[:LONGEST] if said else None
