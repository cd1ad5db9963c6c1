"""A connection that only reads, on a full disk too: there SQLite finds no room for the index of the log.

Where nobody records and there is no log, nothing of that index is needed.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from collector.errors import DatabaseError
from collector.store.database import file_size, journal_path, open_reader, wal_path
from collector.store.failures import in_words
from collector.store.lock import lock_path
from collector.store.room import FULL_BYTES

if TYPE_CHECKING:
    from pathlib import Path

    from collector.orm import peewee

_NO_ROOM = (
    "free some space: to read the database SQLite needs 32 KB beside it; what is recorded is not harmed"
)


@contextmanager
def reading(path: Path, *, immutable: bool = False) -> Iterator[peewee.SqliteDatabase]:
    """A connection that cannot write, ``immutable`` where nobody writes the file now. Raises DatabaseError.

    On a full disk it is read as immutable, while whoever would record into it is held off.
    """
    with ExitStack() as held:
        try:
            database = open_reader(path, immutable=immutable)
        except DatabaseError as error:
            if error.__cause__ is None or not _is_full(path):
                raise
            if not (held.enter_context(_left_alone(path)) and _has_no_log(path)):
                raise DatabaseError(f"{path}: {in_words('full')}", hint=_NO_ROOM) from error
            database = open_reader(path, immutable=True)
        held.callback(database.close)
        yield database


def _is_full(path: Path) -> bool:
    """Whether SQLite finds no room beside the database for what it needs to read it."""
    try:
        disk = os.statvfs(path.parent)
    except OSError:
        return False
    return disk.f_bavail * disk.f_frsize < FULL_BYTES


def _has_no_log(path: Path) -> bool:
    return not (file_size(wal_path(path)) or journal_path(path).exists())


@contextmanager
def _left_alone(path: Path) -> Iterator[bool]:
    """Whether nobody records into it; and nobody can begin to, until the end."""
    with ExitStack() as held:
        try:
            fd = os.open(lock_path(path), os.O_RDONLY | os.O_CLOEXEC)
            held.callback(os.close, fd)
            fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:  # it is held; or it was never there, and could not be made now
            yield False
        else:
            yield True
