"""Writing to the record's file while nobody else does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from collector.opened import any_reader
from collector.store.database import open_writer
from collector.store.lock import InstanceLock

if TYPE_CHECKING:
    from collector.orm import peewee
    from collector.settings import Settings


@contextmanager
def alone(what: str, settings: Settings) -> Iterator[peewee.SqliteDatabase]:
    """The connection that writes, while no recorder and no other command can; the file must be there."""
    with any_reader(settings):
        pass
    lock = InstanceLock(settings.database)
    lock.acquire(what)
    try:
        database = open_writer(settings.database, settings.collector.durability)
        lock.mark()
        try:
            yield database
        finally:
            database.close()
    finally:
        lock.release()
