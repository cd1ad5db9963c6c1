"""Which pages of a database file a row lies on, read without SQLite: to tell what damage may cost.

After https://www.sqlite.org/fileformat2.html.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from collector.sqlite import sqlite3
from collector.store.database import wal_path

PAGE = 4096

Pages = dict[int, bytes]
_INTERIOR, _LEAF = 5, 13
_LOG_HEAD, _FRAME_HEAD = 32, 24


class Where(NamedTuple):
    """The pages of a row itself, and those over which it is reached: of its tree, and of the schema."""

    own: frozenset[int]
    above: frozenset[int]

    @property
    def all(self) -> frozenset[int]:
        """All of them."""
        return self.own | self.above


def view(path: Path) -> Pages:
    """The pages that a reader sees: those of the log, and for the others those of the file."""
    data = path.read_bytes() if path.exists() else b""
    return in_file(data) | in_log(wal_path(path))


def in_file(data: bytes) -> Pages:
    """The pages of a file; the last one may be cut off."""
    return {at // PAGE + 1: data[at : at + PAGE] for at in range(0, len(data), PAGE)}


def in_log(log: Path) -> Pages:
    """The pages of a write-ahead log up to its last commit."""
    data = log.read_bytes() if log.exists() else b""
    salts, pages, open_ = data[16:24], Pages(), Pages()
    for at in range(_LOG_HEAD, len(data) - _FRAME_HEAD - PAGE + 1, _FRAME_HEAD + PAGE):
        number, commit = struct.unpack_from(">II", data, at)
        if data[at + 8 : at + 16] != salts:
            break
        open_[number] = data[at + _FRAME_HEAD : at + _FRAME_HEAD + PAGE]
        if commit:
            pages.update(open_)
            open_ = Pages()
    return pages


def touched(before: Pages, after: Pages) -> set[int]:
    """The pages that are not as they were."""
    return {number for number, page in before.items() if after.get(number) != page}


def uncounted(number: int, page: bytes) -> bytes:
    """A page without the counters of changes, which merely opening the file raises."""
    is_first = number == 1 and page.startswith(b"SQLite format 3")
    return page[:24] + bytes(4) + page[28:92] + bytes(8) + page[100:] if is_first else page


class Layout:
    """Where the rows of each table lie in the sound file at ``path``, whose log is empty."""

    def __init__(self, path: Path) -> None:
        self.pages = in_file(path.read_bytes())
        conn = sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)
        found = conn.execute("SELECT rowid, name, rootpage FROM sqlite_master WHERE type = 'table'")
        self._roots = {name: (number, root) for number, name, root in found}
        conn.close()

    @cached_property
    def _schema(self) -> dict[int, Where]:
        return dict(self._walk(1, frozenset({1})))

    def rows(self, table: str) -> dict[int, Where]:
        """The place of each row of a table of numbered rows."""
        number, root = self._roots[table]
        return dict(self._walk(root, self._schema[number].all))

    def end(self, table: str) -> frozenset[int]:
        """The pages that must be in order for new rows to be found."""
        number, root = self._roots[table]
        rows = self.rows(table)
        return rows[max(rows)].all if rows else self._schema[number].all | {root}

    def _walk(self, number: int, above: frozenset[int]) -> Iterator[tuple[int, Where]]:
        page = self.pages[number]
        at = 100 if number == 1 else 0
        kind, (cells,) = page[at], struct.unpack_from(">H", page, at + 3)
        if kind == _INTERIOR:
            children = [struct.unpack_from(">I", page, cell)[0] for cell in _cells(page, at + 12, cells)]
            for child in (*children, *struct.unpack_from(">I", page, at + 8)):
                yield from self._walk(child, above | {number})
            return
        assert kind == _LEAF, f"page {number} of the pristine file is of kind {kind}"
        for cell in _cells(page, at + 8, cells):
            size, begin = _varint(page, cell)
            row, begin = _varint(page, begin)
            yield row, Where(frozenset({number, *self._overflow(page, begin, size)}), above)

    def _overflow(self, page: bytes, begin: int, size: int) -> Iterator[int]:
        if size <= PAGE - 35:
            return
        least = (PAGE - 12) * 32 // 255 - 23
        local = least + (size - least) % (PAGE - 4)
        (more,) = struct.unpack_from(">I", page, begin + (local if local <= PAGE - 35 else least))
        while more:
            yield more
            (more,) = struct.unpack_from(">I", self.pages[more])


def _cells(page: bytes, at: int, count: int) -> tuple[int, ...]:
    return struct.unpack_from(f">{count}H", page, at)


def _varint(page: bytes, at: int) -> tuple[int, int]:
    """A number of one to nine bytes, and where it ends."""
    value = 0
    for count in range(9):
        byte = page[at + count]
        if count == 8:
            return value << 8 | byte, at + 9
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, at + count + 1
    raise AssertionError
