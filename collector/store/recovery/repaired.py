"""Two marks in a file's header that make it look like another's, and can be told from what is in its tables.

A newer or foreign file is refused, never guessed at. But where a record of ours is known to have stood, and
all tables in it are ours, a mark that says otherwise is a damaged one.
"""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from collector.log import get_logger
from collector.orm import peewee
from collector.store import schema
from collector.store.database import APPLICATION_ID, file_size

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

log = get_logger("database")

SCHEMA_BYTES = 1 << 20  # the schema stands at the beginning

_TELLING: AbstractSet[str] = {"schema_migration", "recorder_sessions", "gaps", "cpu_samples"}


def bears_our_marks(path: Path) -> bool:
    """Whether the beginning of a file that cannot be opened still tells that it was a record of ours.

    Its bytes are read, so nobody in this process may have it open: closing it would drop SQLite's locks.
    """
    try:
        with path.open("rb") as file:
            beginning = file.read(SCHEMA_BYTES)
    except OSError:
        return False
    mark = APPLICATION_ID.to_bytes(4, "big")
    return beginning[68:72] == mark or all(name.encode() in beginning for name in _TELLING)


def marks(path: Path) -> bool:
    """Put both marks right where the tables prove them wrong; True when that was needed.

    Does nothing about a file that cannot be read: whoever opens it next says what is wrong.
    """
    if not file_size(path):
        return False
    try:
        with closing(peewee.SqliteDatabase(f"file:{quote(os.fsencode(path))}?mode=ro", uri=True)) as reader:
            are_wrong = _are_wrong(reader)
        if are_wrong:
            with closing(peewee.SqliteDatabase(str(path), timeout=2.0)) as database:
                schema.stamp(database)
    except peewee.PeeweeException:
        return False
    if not are_wrong:
        return False
    log.warning("database.marks", reason="its header said that it was another program's; its tables say ours")
    return True


def _are_wrong(database: peewee.SqliteDatabase) -> bool:
    tables = {*database.get_tables()}
    if not tables >= _TELLING:
        return False
    names = schema.applied_names(database)
    known = schema.known()
    if not names or not names <= {*known}:
        return False
    newest = max(int(name.partition("_")[0]) for name in names)
    wrong: bool = (
        database.pragma("application_id") != APPLICATION_ID or database.pragma("user_version") != newest
    )
    return wrong
