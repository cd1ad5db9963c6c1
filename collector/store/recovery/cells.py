"""What stands on a page of a tree, and in a record: read without SQLite, and no further than it is sound.

Format: https://www.sqlite.org/fileformat2.html#b_tree_pages
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from collector.store.recovery.frames import PAGE

INNER_INDEX, INNER_TABLE, LEAF_INDEX, LEAF_TABLE = 2, 5, 10, 13
INNER, TABLE = (INNER_INDEX, INNER_TABLE), (INNER_TABLE, LEAF_TABLE)
_KINDS = (*INNER, LEAF_INDEX, LEAF_TABLE)
# Of a longer record so many bytes at the least are on the page itself; at the most, by kind of tree.
_LEAST = (PAGE - 12) * 32 // 255 - 23
_MOST_TABLE, _MOST_INDEX = PAGE - 35, (PAGE - 12) * 64 // 255 - 23
_MOST_BYTES = 1 << 24
_SIZES = (0, 1, 2, 3, 4, 6, 8, 8, 0, 0)


class Unsound(Exception):
    """What is read is not what it should be."""


class Node(NamedTuple):
    """A page of a tree: ``begin`` is where its own header begins, ``right`` its last child, 0 on a leaf."""

    data: bytes
    begin: int
    kind: int
    places: tuple[int, ...]
    right: int

    @property
    def is_inner(self) -> bool:
        """Whether it points at others."""
        return self.kind in INNER


class Cell(NamedTuple):
    """One cell of a node: ``body`` is all of it behind the number of the child.

    ``key``: the number of a row, 0 in an index. ``more``: the first page of what does not fit on this one,
    0 where all does, and ``more_at`` where that number stands on the page. ``size`` is that of the record.
    """

    child: int
    key: int
    body: bytes
    record: bytes
    size: int
    more: int
    more_at: int


def node(data: bytes, begin: int = 0) -> Node | None:
    """The page as one of a tree; None where it is none, or damaged."""
    if len(data) != PAGE or data[begin] not in _KINDS:
        return None
    kind = data[begin]
    count, content, _, right = struct.unpack_from(">HHBI", data, begin + 3)
    first = begin + (12 if kind in INNER else 8)
    end = first + 2 * count
    if end > min(content or PAGE, PAGE) or (kind in INNER and not count and begin == 0):
        return None
    places = struct.unpack_from(f">{count}H", data, first)
    is_sound = all(end <= place < PAGE - 3 for place in places)
    return Node(data, begin, kind, places, right if kind in INNER else 0) if is_sound else None


def cells(of: Node) -> Iterator[Cell]:
    """All of a node. Raises Unsound."""
    for place in of.places:
        yield cell(of, place)


def cell(of: Node, place: int) -> Cell:
    """The one at a place. Raises Unsound."""
    at = place + 4 if of.is_inner else place
    child = int.from_bytes(of.data[place:at], "big")
    if of.kind == INNER_TABLE:
        key, end = varint(of.data, at)
        return Cell(child, key, of.data[at:end], b"", 0, 0, 0)
    size, begin = varint(of.data, at)
    key, begin = varint(of.data, begin) if of.kind == LEAF_TABLE else (0, begin)
    here = _local(size, _MOST_TABLE if of.kind == LEAF_TABLE else _MOST_INDEX)
    middle = begin + here
    end = middle if here == size else middle + 4
    if end > PAGE or not 0 < size <= _MOST_BYTES:
        raise Unsound
    more = int.from_bytes(of.data[middle:end], "big")
    return Cell(child, key, of.data[at:end], of.data[begin:middle], size, more, middle)


def _local(size: int, most: int) -> int:
    """How many bytes of a record stand on the page itself."""
    if size <= most:
        return size
    here = _LEAST + (size - _LEAST) % (PAGE - 4)
    return here if here <= most else _LEAST


def whole(of: Cell, page: Callable[[int], bytes]) -> bytes:
    """The record of a cell, with what stands on other pages. Raises Unsound."""
    found, more = [of.record], of.more
    left = of.size - len(of.record)
    while left > 0:
        data = page(more)
        if len(data) != PAGE:
            raise Unsound
        found.append(data[4 : 4 + left])
        left -= PAGE - 4
        more = int.from_bytes(data[:4], "big")
    return b"".join(found)


def values(record: bytes) -> list[Any]:
    """The values in it: None, numbers, texts, bytes. Raises Unsound."""
    end, at = varint(record, 0)
    found, begin = [], end
    while at < end:
        kind, at = varint(record, at)
        if kind < 0 or kind in (10, 11):
            raise Unsound
        size = _SIZES[kind] if kind < len(_SIZES) else (kind - 12) // 2
        if begin + size > len(record):
            raise Unsound
        found.append(_value(kind, record[begin : begin + size]))
        begin += size
    if at != end or begin != len(record):
        raise Unsound
    return found


def _value(kind: int, data: bytes) -> Any:
    if kind == 0:
        return None
    if kind == 7:
        return struct.unpack(">d", data)[0]
    if kind < 12:
        return kind - 8 if kind > 7 else int.from_bytes(data, "big", signed=True)
    if kind % 2 == 0:
        return data
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise Unsound from error


def varint(data: bytes, at: int) -> tuple[int, int]:
    """A number of one to nine bytes, and where it ends. Raises Unsound."""
    value = 0
    for place in range(at, min(at + 8, len(data))):
        value = value << 7 | data[place] & 0x7F
        if data[place] < 0x80:
            return value, place + 1
    if at + 8 >= len(data):
        raise Unsound
    value = value << 8 | data[at + 8]
    return value - (1 << 64) if value >> 63 else value, at + 9


def as_varint(value: int) -> bytes:
    """A number as it stands in a cell."""
    value &= (1 << 64) - 1
    if value >> 56:
        last, value = value & 0xFF, value >> 8
        return bytes(value >> 7 * place & 0x7F | 0x80 for place in range(7, -1, -1)) + bytes([last])
    groups = max(1, -(-value.bit_length() // 7))
    return bytes(value >> 7 * place & 0x7F | (0x80 if place else 0) for place in range(groups - 1, -1, -1))


def as_record(row: tuple[str | int | None, ...]) -> bytes:
    """A row of texts, of numbers below 2**31 and of nothing as it stands in a cell."""
    kinds, body = b"", b""
    for value in row:
        if value is None:
            kinds += b"\0"
            continue
        data = value.encode() if isinstance(value, str) else value.to_bytes(4, "big")
        kinds += as_varint(13 + 2 * len(data)) if isinstance(value, str) else b"\x04"
        body += data
    return as_varint(len(kinds) + 1) + kinds + body  # the size of the header counts itself


def as_page(kind: int, found: list[bytes], right: int = 0, begin: bytes = b"") -> bytes | None:
    """A page of a tree with these cells in their order; None where they do not fit on it."""
    first = len(begin) + (12 if kind in INNER else 8)
    content = PAGE - sum(map(len, found))
    if content < first + 2 * len(found):
        return None
    head = struct.pack(">BHHHB", kind, 0, len(found), content, 0)
    head += struct.pack(">I", right) if kind in INNER else b""
    places, at = b"", PAGE
    for each in found:
        at -= len(each)
        places += struct.pack(">H", at)
    return (begin + head + places).ljust(content, b"\0") + b"".join(reversed(found))
