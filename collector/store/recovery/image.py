"""The pages of a database as a reader would see them, and where each belongs; read without SQLite.

A record of ours has pointer maps (``auto_vacuum``): they tell of every page which page points at it, and so
what a damaged page pointed at. Format: https://www.sqlite.org/fileformat2.html#pointer_map_or_ptrmap_pages
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from collector.store.database import file_size, wal_path
from collector.store.recovery import frames, header
from collector.store.recovery.frames import PAGE

# The kinds of a pointer map; those of pages without one that points at them come first.
ROOT, FREE, OVERFLOW, MORE_OVERFLOW, NODE = range(1, 6)
# Up to 1 GB; behind that is the page of the locks, which maps leave out.
MOST_PAGES = 1 << 18
# A longer log takes too long to be copied.
MOST_LOG = 8 << 20
_ENTRIES = PAGE // 5


class Entry(NamedTuple):
    """What a pointer map says of a page: its kind, and the page that points at it."""

    number: int
    kind: int
    parent: int


class Image:
    """The database at ``path``; ``made`` are the pages that take the place of damaged ones.

    Nothing is written. Opening and reading it raise OSError; with ``gives_up`` a page that the disk does not
    give is a damaged one.
    """

    def __init__(self, path: Path, *, gives_up: bool = False) -> None:
        log_bytes = file_size(wal_path(path))
        self.has_log = 0 < log_bytes <= MOST_LOG
        self.is_log_too_long = log_bytes > MOST_LOG
        self.log = frames.parsed(wal_path(path).read_bytes() if self.has_log else b"")
        self._file = path.open("rb")
        self._gives_up = gives_up
        self._size = file_size(path)
        self.made: dict[int, bytes] = {}
        self.end = self.log.pages or -(-self._size // PAGE)  # the last one
        told = header.told_pages(self.page(1))
        # A file that was cut off had more; what has more than we read had not.
        self.count = min(max(self.end, told if told <= MOST_PAGES else 0), MOST_PAGES)
        self._map = lru_cache(8)(self._read_map)

    def close(self) -> None:
        """Close it."""
        self._file.close()

    def page(self, number: int) -> bytes:
        """One page, counted from 1; empty where the file has none, or not all of it."""
        if number in self.made:
            return self.made[number]
        if number in self.log.places:
            at = self.log.places[number]
            return self.log.frames[at : at + PAGE]
        if not 1 <= number <= self._size // PAGE:
            return b""
        try:
            self._file.seek((number - 1) * PAGE)
            return self._file.read(PAGE)
        except OSError:
            if not self._gives_up:
                raise
            return b""

    def new(self, page: bytes = b"") -> int:
        """The number of one more page, behind all others."""
        number = max(self.end, self.count, *self.made) + 1
        self.made[number] = page
        return number

    def torn(self) -> int | None:
        """The number of the last page, where the file ends in the middle of it."""
        number = self._size // PAGE + 1
        return number if self._size % PAGE and number not in self.log.places else None

    def entries(self) -> Iterator[Entry]:
        """What the pointer maps say; a damaged one is left out."""
        for at in range(2, self.count + 1, _ENTRIES + 1):
            yield from self._entries(at)

    def entry(self, number: int) -> Entry | None:
        """What they say of one page."""
        at = 2 + (number - 2) // (_ENTRIES + 1) * (_ENTRIES + 1)
        found = self._map(at) if number > 2 else None
        return Entry(number, *found[number - at - 1]) if found and at < number <= self.count else None

    def _entries(self, at: int) -> Iterator[Entry]:
        for number, (kind, parent) in enumerate(self._map(at) or (), at + 1):
            if number <= self.count:
                yield Entry(number, kind, parent)

    def _read_map(self, at: int) -> list[tuple[int, int]] | None:
        """The kinds and parents on one; None where it is damaged, or none."""
        page = self.page(at)
        found = list(struct.iter_unpack(">BI", page[: _ENTRIES * 5]))[: max(self.end - at, 0)]
        return found if found and all(_is_possible(*each) for each in found) else None


def _is_possible(kind: int, parent: int) -> bool:
    return parent == 0 if kind in (ROOT, FREE) else OVERFLOW <= kind <= NODE and 0 < parent <= MOST_PAGES
