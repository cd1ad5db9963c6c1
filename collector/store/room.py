"""Room on the disk: how little may be left before recording waits, and a ballast that can be thrown off.

A recorder must not be what fills a disk, and one that is full of others' files still needs some bytes for
its upkeep: SQLite writes to its log even to delete.
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

from collector.store.database import file_size
from collector.store.failures import Trouble
from collector.units import size

if TYPE_CHECKING:
    from pathlib import Path

# The ballast is taken on again only when so many times its size is free beyond the least.
PLENTY = 2
# With so much free a small transaction still goes through.
FULL_BYTES = 256 << 10


class Room:
    """That of the disk on which the database at ``path`` stands; both sizes in bytes, 0 for none."""

    def __init__(self, path: Path, minimum_bytes: int, ballast_bytes: int) -> None:
        self._folder = path.parent
        self._minimum, self._ballast = minimum_bytes, ballast_bytes
        self._file = ballast_path(path)

    def look(self) -> None:
        """Raise Trouble when less is free than must stay free.

        Before each flush, for 1.4 us: in a second a burst of records could write all that is to stay free.
        """
        free = self.free_bytes() if self._minimum else None
        if free is not None and free < self._minimum:
            raise Trouble("full", f"{size(free)} are free, and {size(self._minimum)} are to stay free")

    def is_needed(self) -> bool:
        """Whether upkeep needs the ballast's room, since writing was refused: hardly anything is left, or a
        quota is used up, where the disk itself has more than is to stay free."""
        free = self.free_bytes()
        return free is not None and (free < FULL_BYTES or free >= self._minimum)

    def free_bytes(self) -> int | None:
        """What this user may still fill; None where it cannot be told."""
        try:
            stat = os.statvfs(self._folder)
        except OSError:
            return None
        return stat.f_bavail * stat.f_frsize

    def throw_off(self) -> bool:
        """Give the ballast back to the disk; True when there was any."""
        try:
            self._file.unlink()
        except OSError:
            return False
        return True

    def take_on(self) -> bool:
        """Have the ballast as it should be, where there is plenty; True when there is one now."""
        there, free = file_size(self._file), self.free_bytes()
        if not there or there != self._ballast:  # an empty one is left by a kill before it had its blocks
            self.throw_off()
            there = 0
        if there or not self._ballast or free is None:
            return bool(there)
        if free < self._minimum + (1 + PLENTY) * self._ballast:
            return False
        return self._make()

    def _make(self) -> bool:
        """Real blocks, without writing them."""
        try:
            fd = os.open(self._file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        except OSError:
            return False
        try:
            os.posix_fallocate(fd, 0, self._ballast)
        except OSError:
            with suppress(OSError):
                self._file.unlink()
            return False
        finally:
            os.close(fd)
        return True


def ballast_path(path: Path) -> Path:
    """Where the ballast of a database lies."""
    return path.with_name(path.name + ".ballast")
