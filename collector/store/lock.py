"""One daemon a database: a lock file beside it that also tells who holds it and where to reach them.

The file is never removed: unlinking a lock file lets two processes lock two files of one name.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import msgspec

from collector.errors import AlreadyRunning, DatabaseError
from collector.store.database import inode, make_folder
from collector.store.failures import Trouble

# A reader that looks whether the lock is held holds it itself for an instant.
PATIENCE_SECONDS = 0.5
# A command lets go of it after half a second, at the latest, for a recorder that begins.
COMMAND_PATIENCE_SECONDS = 1.5
_LOOK_SECONDS = 0.01


class Holder(NamedTuple):
    """Who holds the lock: its process, since when (ms), and its socket ("" when it has none).

    ``is_ours`` stays behind in the file: whoever held it has found a record of ours beside it, so that one
    that is found damaged beyond recognition is not taken for a file of somebody else.
    """

    pid: int
    since_ms: int
    what: str
    socket: str
    is_ours: bool = False


class InstanceLock:
    """Held from `acquire` until `release`, or until this process ends, however it ends."""

    def __init__(
        self,
        database: Path,
        now: Callable[[], float] = time.monotonic,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self.path = lock_path(database)
        self._database = database
        self._now = now
        self._pause = pause
        self._fd: int | None = None
        self._me: Holder | None = None
        self._is_told = False

    def acquire(self, what: str, socket: Path | None = None) -> None:
        """Take the lock; raises AlreadyRunning that names the holder, or DatabaseError for a bad place.

        A recorder, which has a ``socket``, waits longer for a command than for another recorder.
        """
        make_folder(self._database)
        try:
            self._fd = self._locked(is_recorder=socket is not None)
            left = _read(self._fd)
            is_ours = left is not None and left.is_ours
        except OSError as error:
            self.release()
            raise DatabaseError(
                f"{self.path}: {error.strerror or error}", hint="the lock stands beside the database"
            ) from error
        self._me = Holder(os.getpid(), time.time_ns() // 1_000_000, what, str(socket or ""), is_ours)
        self._tell(self._fd, self._me)

    def renew(self) -> None:
        """Take the lock again where its file was deleted: whoever comes next would find none.

        Raises Trouble when somebody else holds the new one already.
        """
        if self._fd is None or self._me is None or _is_the_same(self._fd, self.path):
            return
        try:
            fd = _opened(self.path)
        except OSError as error:
            raise Trouble("unreachable", f"{self.path}: {error.strerror or error}") from error
        if not _try_lock(fd, fcntl.LOCK_EX):
            os.close(fd)
            raise Trouble("closed", f"{self.path} was deleted, and another recorder holds the new one")
        old, self._fd = self._fd, fd
        os.close(old)
        with suppress(OSError):
            _write(fd, self._me)

    @property
    def is_ours(self) -> bool:
        """Whether somebody who held it before has found a record of ours beside it."""
        return self._me is not None and self._me.is_ours

    def mark(self) -> None:
        """Note that a record of ours stands beside it, and who we are where the disk did not take that."""
        if self._fd is not None and self._me is not None and not (self._me.is_ours and self._is_told):
            self._me = self._me._replace(is_ours=True)
            self._tell(self._fd, self._me)

    def _tell(self, fd: int, me: Holder) -> None:
        """What a full or a failing disk does not take now is told at the next `mark`; the lock holds."""
        self._is_told = False
        with suppress(OSError):
            _write(fd, me)
            self._is_told = True

    def _locked(self, *, is_recorder: bool) -> int:
        """The lock file, open and locked."""
        fd = _opened(self.path)
        began = self._now()
        while not _try_lock(fd, fcntl.LOCK_EX):
            waited = self._now() - began
            if waited > PATIENCE_SECONDS:
                first = holder(self._database)
                is_command = first is None or not first.socket
                if waited > COMMAND_PATIENCE_SECONDS or not (is_recorder and is_command):
                    os.close(fd)
                    raise _held_by(first, self._database)
            self._pause(_LOOK_SECONDS)
        return fd

    def release(self) -> None:
        """Let go; releasing twice is fine."""
        if self._fd is not None:
            os.close(self._fd)  # our name stays in it, and no longer counts
            self._fd = None


def lock_path(database: Path) -> Path:
    """The lock file of a database."""
    return database.with_name(database.name + ".lock")


def holder(database: Path) -> Holder | None:
    """Who holds the lock now, or None. Takes nothing away from anyone."""
    try:
        fd = os.open(lock_path(database), os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        if _try_lock(fd, fcntl.LOCK_SH):
            return None
        return _read(fd) or Holder(0, 0, "somebody", "")  # between taking the lock and writing the name
    finally:
        os.close(fd)


def _opened(path: Path) -> int:
    """Never by way of a link, which would have another file overwritten."""
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)


def _is_the_same(fd: int, path: Path) -> bool:
    here = os.fstat(fd)
    return inode(path) == (here.st_dev, here.st_ino)


def _read(fd: int) -> Holder | None:
    try:
        return msgspec.json.decode(os.pread(fd, 4096, 0), type=Holder)
    except msgspec.DecodeError:
        return None


def _write(fd: int, holder: Holder) -> None:
    words = msgspec.json.encode(holder)
    os.pwrite(fd, words, 0)
    os.ftruncate(fd, len(words))


def _try_lock(fd: int, how: int) -> bool:
    try:
        fcntl.flock(fd, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _held_by(first: Holder | None, database: Path) -> AlreadyRunning:
    who = f"{first.what}, process {first.pid}" if first and first.pid else "another process"
    return AlreadyRunning(
        f"{database} is in use by {who}",
        hint="ask it with `collector status`, stop it first, or name another database in the config",
    )
