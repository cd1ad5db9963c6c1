"""Whether a database is damaged, as far as a look can tell that may not take long.

SQLite's quick check reads all pages but compares no index with its table. It takes about 1 s for 480 MB with
5 million rows that the kernel has in memory, and as long as the disk takes to read them where it has not.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from collector.sqlite import sqlite3
from collector.store.database import file_size, wal_path
from collector.store.failures import classify
from collector.store.recovery import frames

if TYPE_CHECKING:
    from collector.sqlite import sqlite3 as sqlite

MOST_LINES = 5
LONGEST = 500
_JOINT = "; "
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
        said += _torn(conn)
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


def shortened(damage: str) -> str:
    """The first of the lines of a look, and how many more there were."""
    first, *more = damage.split(_JOINT)
    return f"{first}, and {len(more)} more" if more else first


def _torn(conn: sqlite.Connection) -> list[str]:
    """A file that ends in the middle of a page, which SQLite reads as zeros from there on.

    So it may end too while a full disk keeps a checkpoint from its end: the page is in the log then. The file
    itself is not opened: closing it would let go of the locks that this process has on it.
    """
    name = next(row[2] for row in conn.execute("PRAGMA database_list") if row[1] == "main")
    path = Path(name or os.devnull)
    size = file_size(path)
    number = size // frames.PAGE + 1
    ((pages,),) = conn.execute("PRAGMA page_count").fetchall()
    if not size % frames.PAGE or number > pages:
        return []
    log = frames.parsed(wal_path(path).read_bytes() if file_size(wal_path(path)) else b"")
    is_so = number not in log.places and file_size(path) == size  # a checkpoint may be at it
    return [f"the file ends in the middle of page {number}"] if is_so else []


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
    return _JOINT.join(lines[:MOST_LINES])[:LONGEST] if said else None
