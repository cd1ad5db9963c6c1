"""A file in the making: `NAME.collector-part` beside the one it becomes, in the hands of one process.

The name is fixed and the file locked, so that whatever a killed process left is overwritten by the next one
and never by two at a time.
"""

from __future__ import annotations

import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from collector.errors import CollectorError
from collector.store.database import inode, sync

ENDING = ".collector-part"
# What SQLite keeps beside a database; it would take whatever has such a name for a part of the file.
COMPANIONS = ("-wal", "-shm", "-journal")


def beside(path: Path, ending: str) -> Path:
    """The file of the same name with something after it."""
    return path.with_name(path.name + ending)


class Part:
    """The file while it is made, locked; `place` makes it what it was made for."""

    def __init__(self, path: Path, fd: int) -> None:
        self.path = path
        self._fd = fd

    def sync(self) -> None:
        """Have it on the disk, whole. Raises OSError."""
        os.fsync(self._fd)

    def place(self, target: Path) -> None:
        """Give it its name, in place of what has it now: after a power cut it is one or the other.

        Raises CollectorError.
        """
        with told_place(target):
            self.path.replace(target)
            sync(target.parent)

    def is_here(self) -> bool:
        """Whether the locked file still has the name it was made under."""
        info = os.fstat(self._fd)
        return inode(self.path) == (info.st_dev, info.st_ino)


@contextmanager
def part_of(target: Path) -> Iterator[Part]:
    """An empty file beside ``target`` that only this user can read; it is gone at the end, unless placed.

    Raises CollectorError when another process makes one there, or the file system refuses; what the block
    raises comes through as it is.
    """
    path = beside(target, ENDING)
    with told_place(target):
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        part = Part(path, fd)
        with told_place(target):
            _take(part, fd)
        try:
            yield part
        finally:
            with told_place(target):
                _remove(part)
    finally:
        os.close(fd)  # lets go of the lock


@contextmanager
def told_place(target: Path) -> Iterator[None]:
    """Turn the file system's refusals on the way to ``target`` into a CollectorError."""
    try:
        yield
    except OSError as error:
        raise CollectorError(
            f"{target}: {error.strerror or error}", hint="name a file in a folder that this user can write"
        ) from error


def _take(part: Part, fd: int) -> None:
    """Lock the file and empty it, with what SQLite left beside it when a process was killed.

    One that somebody else put there is left as it is: he would own the copy, or it is a second name of a file
    that would be emptied.
    """
    if not _is_ours_alone(os.fstat(fd)):
        raise CollectorError(
            f"{part.path} is not a file that was made for a copy by this user",
            hint="remove it, or name a file in a folder that only this user can write",
        )
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        is_mine = part.is_here()  # or the one before has just finished with it
    except BlockingIOError:
        is_mine = False
    if not is_mine:
        raise CollectorError(
            f"another process is writing {part.path} now", hint="wait for it to finish, and look again"
        )
    os.fchmod(fd, 0o600)
    os.ftruncate(fd, 0)
    for ending in COMPANIONS:
        beside(part.path, ending).unlink(missing_ok=True)


def _is_ours_alone(info: os.stat_result) -> bool:
    return stat.S_ISREG(info.st_mode) and info.st_uid == os.geteuid() and info.st_nlink == 1


def _remove(part: Part) -> None:
    """Unless it was placed, or taken away."""
    for ending in (*COMPANIONS, "") if part.is_here() else ():
        beside(part.path, ending).unlink(missing_ok=True)
