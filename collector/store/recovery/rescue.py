"""A database that is open and no longer has its name: deleted, or another file was put in its place.

All that it holds is still at hand through the connection, and is copied before that is closed.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from collector.sqlite import sqlite3
from collector.store.database import inode, journal_path, make_folder, shm_path, sync, wal_path
from collector.store.failures import Trouble
from collector.store.recovery import aside, spared
from collector.store.recovery.names import move, named
from collector.store.recovery.note import Note
from collector.store.retention.sizes import REPLACED

if TYPE_CHECKING:
    from collector.sqlite import sqlite3 as sqlite

_PART = ".part"
# A whole copy that is still to get the name: the only one there is, once the connection is closed.
_RESCUED = ".rescued-"
_HERE_AGAIN = Note(None, "deleted", "the file or its log was deleted; all that it held is here again")


def brought_in(conn: sqlite.Connection) -> bool:
    """Whether all of a log that lost its name could be brought into its file, which has its name still."""
    try:
        ((is_busy, pages, done),) = conn.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    except sqlite3.Error:
        return False
    return not is_busy and pages == done


def copy(conn: sqlite.Connection, path: Path, instead: object) -> Path:
    """All that ``conn`` holds, as a whole file beside ``path``; raises what SQLite and files raise.

    It has its name only when it is whole and on the disk, and in it the number of the file ``instead`` of
    which it is to stand there.
    """
    make_folder(path)
    part = path.with_name(path.name + _PART)
    for leftover in (part, wal_path(part), shm_path(part), journal_path(part), *named(path, _RESCUED)):
        leftover.unlink(missing_ok=True)
    os.close(os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    target = sqlite3.connect(str(part), isolation_level=None)
    try:
        target.execute("PRAGMA synchronous = OFF")
        conn.backup(target)
    except BaseException:
        target.close()
        part.unlink(missing_ok=True)
        raise
    target.close()
    sync(part)
    number = instead[1] if isinstance(instead, tuple) else 0
    rescued = path.with_name(f"{path.name}{_RESCUED}{number}")
    part.rename(rescued)
    sync(path.parent)
    return rescued


def beside(conn: sqlite.Connection, path: Path, now_ms: int) -> Path:
    """The same, under a name that says that it was replaced."""
    kept = aside.free_name(path, REPLACED, now_ms)
    copy(conn, path, None).rename(kept)
    sync(path.parent)
    return kept


def finish(path: Path, now_ms: int) -> Note | None:
    """Put a copy in its place whose maker was killed before it could; what there is to tell of that.

    Where neither the place is free nor the file stands there of which it is a copy, it is kept beside.
    """
    told = None
    for rescued in named(path, _RESCUED):
        stands = inode(path)
        if stands == inode(rescued):  # in its place it is, and has its other name still
            rescued.unlink()
            told = _HERE_AGAIN
        elif stands is None or rescued.name.endswith(f"{_RESCUED}{stands[1]}"):
            _take_away_log(path)
            put(rescued, path, now_ms)
            told = _HERE_AGAIN
        else:
            kept = aside.free_name(path, REPLACED, now_ms)
            rescued.rename(kept)
            told = Note(kept, "replaced", f"another file was put in its place; what it held is {kept.name}")
    return told


def _take_away_log(path: Path) -> None:
    """What stands there of a log was written without the part of it that the copy has."""
    for name in (wal_path(path), shm_path(path)):
        name.unlink(missing_ok=True)


def put(part: Path, path: Path, now_ms: int) -> None:
    """Put a copy where its name is free, or its own old file stands; a log of others there goes aside.

    Raises Trouble where somebody has put another file there meanwhile, which stays.
    """
    stands = inode(path)
    if stands is not None and part.name.endswith(f"{_RESCUED}{stands[1]}"):
        path.unlink()
    aside.stray_log(path, now_ms)
    try:
        move(part, path)
    except FileExistsError:
        raise Trouble("moved", f"another file was put in the place of {path}") from None
    sync(path.parent)


@contextmanager
def log_taken_away(path: Path, ours: tuple[object, ...]) -> Iterator[None]:
    """For closing what was copied: its log must not stay, and what others have put there must.

    SQLite leaves the log of a file that was moved, and would replay it into whatever stands there next; one
    of a file that was not it deletes by name. ``ours`` are the files that stood there when it was opened:
    database, log, index of the log.
    """
    try:
        for name, own in zip((wal_path(path), shm_path(path)), ours[1:], strict=True):
            if inode(name) == own is not None:
                name.unlink()
            elif inode(name) is not None:
                spared.spare(name, path)
        yield
    finally:
        spared.put_back(path)
