"""One taskboard in a file of its own: opened as an application would, and made."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from collector.orm import peewee

from .models import TABLES

BUSY_SECONDS = 5.0
PRAGMAS = (
    ("journal_mode", "wal"),
    ("foreign_keys", 1),
    # FULL is what SQLite does unless told otherwise, so what an application's commits cost: their time
    # includes the disk's own answer that the data is there.
    ("synchronous", "full"),
    # 16 MB: a taskboard of 10,000 tasks fits. With the 2 MB of the default a cascade over twelve indexes
    # writes pages that it needs again, and takes a third longer.
    ("cache_size", -16_000),
)


@contextmanager
def opened(path: Path) -> Iterator[peewee.SqliteDatabase]:
    """A connection to the taskboard at ``path``, to which the models are bound inside the block."""
    database = peewee.SqliteDatabase(
        str(path), pragmas=PRAGMAS, timeout=BUSY_SECONDS, lock_type="IMMEDIATE", thread_safe=False
    )
    try:
        with database.bind_ctx(TABLES):
            database.connect()
            yield database
    finally:
        database.close()


def create(database: peewee.SqliteDatabase) -> None:
    """Make all tables and indexes, in one transaction."""
    with database.atomic():
        database.create_tables(TABLES, safe=False)
