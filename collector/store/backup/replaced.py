"""A database takes the place of another, which is set aside and never deleted.

An old write-ahead log beside a new file would be replayed into it: the log's checksums do not say which file
it belongs to. So all companions are gone before the new file has the name. Whoever ends half-way leaves the
old database, with everything that was committed to it, under its own name.
"""

from __future__ import annotations

from pathlib import Path

from collector.errors import DatabaseError
from collector.orm import select
from collector.store.backup.part import COMPANIONS, Part, beside, told_place
from collector.store.database import inode, journal_path, open_reader, open_writer, raw, roll_back, sync, told
from collector.store.failures import classify
from collector.store.recovery.aside import free_name
from collector.store.recovery.names import link
from collector.store.recovery.undone import undo
from collector.store.retention.sizes import REPLACED


def is_anything(path: Path) -> bool:
    """Whether there is a database at ``path``, or something that SQLite would take for a part of one."""
    return any(inode(beside(path, ending)) for ending in ("", *COMPANIONS))


def replace(path: Path, part: Part, now_ms: int) -> Path | None:
    """Put the finished ``part`` in place of the database at ``path``; where the old one is now, if any.

    The caller holds the instance lock. Raises DatabaseError while another program uses the old one, and then
    that stays as it is.
    """
    with told_place(path):
        aside = None
        if is_anything(path):
            undo(path)
            if path.exists():
                _into_one_file(path)
            aside = free_name(path, REPLACED, now_ms)
            _set_aside(path, aside)
        part.place(path)
        return aside


def _into_one_file(path: Path) -> None:
    """Bring all that was committed from the log into the file; a damaged one is left alone, for salvage."""
    try:
        with told(path):
            if inode(journal_path(path)):
                roll_back(path)
            if _is_sound(path):
                _empty_log(path)
    except DatabaseError as error:
        if classify(error) not in ("corrupt", "io", "full"):  # those keep their log beside them
            raise


def _is_sound(path: Path) -> bool:
    reader = open_reader(path)
    try:
        return select(reader, "PRAGMA quick_check(1)") == [("ok",)]
    finally:
        reader.close()


def _empty_log(path: Path) -> None:
    writer = open_writer(path)
    try:
        ((is_busy, _, _),) = raw(writer).execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    finally:
        writer.close()
    if is_busy:
        raise DatabaseError(
            f"{path}: another program is reading it",
            hint="end that program, found with `fuser`, and try again",
        )


def _set_aside(path: Path, aside: Path) -> None:
    """Give the old file a second name and its companions another one.

    The file keeps its own name until the new one takes it: there is no moment without a database, in which a
    recorder that starts would begin an empty one.
    """
    for ending in (*COMPANIONS, ""):
        if (old := beside(path, ending)).exists():
            _link(old, beside(aside, ending))
    for ending in COMPANIONS:
        beside(path, ending).unlink(missing_ok=True)
    sync(path.parent)


def _link(old: Path, new: Path) -> None:
    if not link(old, new):
        # A file system without second names. Killed before the new file is placed, nothing is at its name,
        # and the restore has to be run again.
        old.rename(new)
