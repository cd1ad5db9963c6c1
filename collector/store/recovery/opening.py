"""A database that was set aside is opened to be read, and what is said where it cannot be."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import quote

from collector.errors import CollectorError
from collector.log import get_logger
from collector.sqlite import sqlite3
from collector.store.failures import classify, in_words
from collector.store.recovery.cells import Unsound
from collector.store.recovery.mended import Mended, mended

log = get_logger("salvage")

BUSY_SECONDS = 5.0
# With the first, whatever of the schema can be read is used, and a file that is too short is opened; the
# second finds pages of garbage. Nothing is written in either case.
_PRAGMAS = ("writable_schema = ON", "cell_size_check = ON", "query_only = ON", "cache_size = -1024")


class Unread(CollectorError):
    """A file that was set aside cannot be read; ``passes``: another try may read it."""

    def __init__(self, path: Path, error: Exception, *, passes: bool = True) -> None:
        super().__init__(f"{path.name}: {in_words(classify(error))} ({error})")
        self.passes = passes


def is_damage(error: BaseException) -> bool:
    """Whether a file cannot be read for what is in it, and not for a lock or a disk that fails."""
    return isinstance(error, UnicodeDecodeError) or classify(error) in ("corrupt", "poison")


def read_better(path: Path, *, gives_up: bool) -> Mended:
    """The same file with what can be made of its damaged pages. Raises Unread."""
    try:
        return mended(path, gives_up=gives_up)
    except (OSError, Unsound) as error:  # what is wrong with the file itself SQLite will say
        if isinstance(error, OSError) and not gives_up:
            raise Unread(path, error) from error
        log.warning("salvage.mending", file=path.name, error=str(error))
        return Mended(None, is_schema_whole=True)


def connected(path: Path, kind: type[sqlite3.Connection]) -> sqlite3.Connection:
    """A connection of a kind that only reads. Raises what SQLite raises."""
    name = quote(os.fsencode(path))
    conn = sqlite3.connect(
        f"file:{name}?mode=ro", uri=True, timeout=BUSY_SECONDS, isolation_level=None, factory=kind
    )
    # A text that is none is damage as well, and shall not be taken over.
    conn.text_factory = bytes.decode
    try:
        for pragma in _PRAGMAS:
            conn.execute(f"PRAGMA {pragma}")
    except sqlite3.Error:
        conn.close()
        raise
    return conn
