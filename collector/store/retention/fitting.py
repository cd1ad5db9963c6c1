"""How much of a step fits on a disk that is nearly full: even who deletes writes to the log first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from collector.store.room import Room

if TYPE_CHECKING:
    from pathlib import Path

# What a row or a page leaves in the log: by far less but for rows of many indexes, with a page of each.
ROW_BYTES = 80 << 10
PAGE_BYTES = 16 << 10


class Fitting:
    """By what is free on the disk of the file at ``path`` when it is asked."""

    def __init__(self, path: Path) -> None:
        self._room = Room(path, 0, 0)

    def rows(self, count: int) -> int:
        """So many of ``count`` rows may be deleted until the next checkpoint; always one."""
        return self._most(count, ROW_BYTES)

    def pages(self, count: int) -> int:
        """So many of ``count`` pages may be given back until then; always one."""
        return self._most(count, PAGE_BYTES)

    def _most(self, count: int, each_bytes: int) -> int:
        free = self._room.free_bytes()
        return count if free is None else min(count, max(free // each_bytes, 1))
