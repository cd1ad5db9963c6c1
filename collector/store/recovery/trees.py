"""Inner pages that are damaged are made again of the pages below them, which the pointer maps name.

What stood on them are the last keys of those, and in an index rows of their own: these are lost.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from collector.store.recovery.cells import (
    INNER_INDEX,
    INNER_TABLE,
    TABLE,
    Node,
    Unsound,
    as_page,
    as_varint,
    cell,
    node,
    values,
    whole,
)  # fmt: skip
from collector.store.recovery.header import SIZE
from collector.store.recovery.image import NODE, Image

# In an index the values of a row with their ranks, in a table its number alone.
Key = tuple[Any, ...]


class Part(NamedTuple):
    """A page below an inner one, and what stands beside its number: nothing for the last one."""

    number: int
    body: bytes


class _Child(NamedTuple):
    is_table: bool
    low: Key
    high: Key
    number: int


def sound_node(image: Image, number: int) -> Node | None:
    """A page as one of a tree; None where it is damaged, or of another kind."""
    return node(image.page(number), SIZE if number == 1 else 0)


def children_of(of: Node) -> list[int]:
    """The pages at which an inner one points."""
    return [int.from_bytes(of.data[place : place + 4], "big") for place in of.places] + [of.right]


def mend(image: Image) -> None:
    """Make all of them that can be made."""
    parents = {entry.parent for entry in image.entries() if entry.kind == NODE}
    below: dict[int, list[int]] = {number: [] for number in parents if not _is_inner(image, number)}
    for entry in image.entries() if below else ():
        if entry.kind == NODE and entry.parent in below:
            below[entry.parent].append(entry.number)
    _Mending(image, below).all()


def _is_inner(image: Image, number: int) -> bool:
    found = sound_node(image, number)
    return found is not None and found.is_inner and all(children_of(found))


class _Mending:
    """``below``: of each damaged inner page, those that it pointed at."""

    def __init__(self, image: Image, below: dict[int, list[int]]) -> None:
        self._image, self._below = image, below
        self._left = {*below}

    def all(self) -> None:
        while self._left:
            self._make(min(self._left))

    def _make(self, number: int) -> None:
        """The page, after those below it."""
        self._left.discard(number)
        for child in self._below[number]:
            if child in self._left:
                self._make(child)
        children = [each for child in self._below[number] if (each := self._child(child)) is not None]
        if not children:
            return
        is_table = 2 * sum(each.is_table for each in children) > len(children)
        found = sorted(each for each in children if each.is_table == is_table)
        lost = sorted({*self._below[number]}.difference(each.number for each in found))
        parts = _of_table(found, lost) if is_table else self._of_index(found, lost)
        build(self._image, number, INNER_TABLE if is_table else INNER_INDEX, parts)

    def _child(self, number: int) -> _Child | None:
        """With its outermost keys; None where it is damaged."""
        try:
            low, high = (edge(self._image, number, last=last) for last in (False, True))
        except Unsound:
            return None
        return _Child(isinstance(low[0], int), low, high, number)

    def _of_index(self, found: list[_Child], lost: list[int]) -> list[Part]:
        """What stands between two pages are rows: the last of the one before is moved there."""
        *before, last = [each.number for each in found] + lost[-1:]
        return [*(Part(number, _last_taken(self._image, number)) for number in before), Part(last, b"")]


def _of_table(found: list[_Child], lost: list[int]) -> list[Part]:
    """Damaged pages are put where numbers are missing, so that it is told that rows are."""
    parts, left = [], [*lost]
    lows = [each.low[0] for each in found[1:]]
    for each, next_low in zip(found, [*lows, None], strict=True):
        parts.append(Part(each.number, as_varint(each.high[0])))
        if left and next_low is not None and next_low - each.high[0] > 1:
            parts.append(Part(left.pop(), as_varint(next_low - 1)))
    if left and found[0].low[0] > 1:
        parts.insert(0, Part(left.pop(), as_varint(found[0].low[0] - 1)))
    return [*parts, Part(left.pop(), b"")] if left else [*parts[:-1], parts[-1]._replace(body=b"")]


def edge(image: Image, number: int, *, last: bool) -> Key:
    """The first or last key below a page. Raises Unsound."""
    found = sound_node(image, number)
    for _ in range(20):  # no tree is as high
        if found is None or not found.places:
            break
        there = cell(found, found.places[-1 if last else 0])
        if not found.is_inner:
            return (there.key,) if found.kind in TABLE else _ranked(whole(there, image.page))
        found = sound_node(image, found.right if last else there.child)
    raise Unsound


def _ranked(record: bytes) -> Key:
    return tuple(_rank(value) for value in values(record))


def _rank(value: Any) -> tuple[int, Any]:
    """As SQLite sorts them: nothing, numbers, texts, bytes."""
    if value is None:
        return 0, 0
    if isinstance(value, str):
        return 2, value.encode()
    return (3, value) if isinstance(value, bytes) else (1, value)


def _last_taken(image: Image, number: int) -> bytes:
    """The last row below a page of an index, which is there no more; `edge` has read it."""
    found = sound_node(image, number)
    while found is not None and found.is_inner:
        number = found.right
        found = sound_node(image, number)
    assert found is not None
    image.made[number] = found.data[:3] + (len(found.places) - 1).to_bytes(2, "big") + found.data[5:]
    return cell(found, found.places[-1]).body


def build(image: Image, number: int, kind: int, parts: list[Part]) -> None:
    """An inner page, or two below it where they do not fit on it."""
    begin = image.page(1)[:SIZE].ljust(SIZE, b"\0") if number == 1 else b""
    if len(parts) == 1 and number != 1:
        image.made[number] = image.page(parts[0].number)
        return
    bodies = [part.number.to_bytes(4, "big") + part.body for part in parts[:-1]]
    page = as_page(kind, bodies, parts[-1].number, begin)
    if page is None:
        half = len(parts) // 2
        low, high = image.new(), image.new()
        build(image, low, kind, parts[:half])
        build(image, high, kind, parts[half:])
        build(image, number, kind, [Part(low, parts[half - 1].body), Part(high, b"")])
        return
    image.made[number] = page
