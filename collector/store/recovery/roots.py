"""Where the tables begin whose rows of the schema are lost: found among the pages that begin a tree.

A file that was made by this version has each table at the same page; so it is believed where all that is
left of its schema says the same. In other files a table is found by its rows, which fit no other. In both
cases they are tried first: a new table must take them, with its types and its checks.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from collector.orm import peewee
from collector.records.base import KINDS
from collector.store.database import raw, savepoint
from collector.store.failures import REFUSALS
from collector.store.recovery.cells import (
    INNER_TABLE,
    LEAF_TABLE,
    TABLE,
    Node,
    Unsound,
    as_page,
    as_record,
    as_varint,
    cell,
    values,
    whole,
)  # fmt: skip
from collector.store.recovery.image import ROOT, Image
from collector.store.recovery.spans import names
from collector.store.recovery.trees import Part, build, children_of, sound_node

if TYPE_CHECKING:
    from collector.sqlite import sqlite3 as sqlite

_ROWS = 20  # of a table, that are tried
_LONGEST = 4000  # bytes of a row of the schema that has a page to itself; longer ones are nothing of ours


class Item(NamedTuple):
    """A row of the schema."""

    type: str
    name: str
    table: str
    root: int
    sql: str | None

    @property
    def is_numbered(self) -> bool:
        """Whether it is a table of numbered rows."""
        return self.type == "table" and "WITHOUT ROWID" not in (self.sql or "").upper()


def complete(image: Image) -> bool:
    """Make the schema again where rows of it are lost; whether now none of ours lacks."""
    stored = [*_stored(image)]
    if None not in stored:
        return True
    found = {item.name: item for item in stored if item is not None}
    roots = {entry.number for entry in image.entries() if entry.kind == ROOT}
    with closing(peewee.SqliteDatabase(":memory:", pragmas=[("auto_vacuum", "incremental")])) as memory:
        _make(memory)
        new = _Finding(image, raw(memory), found, roots).all()
    _write(image, [*found.values(), *new])
    known = {*found, *(item.name for item in new)}
    return {kind.table for kind in KINDS.values()} <= known


def _make(memory: peewee.SqliteDatabase) -> None:
    """What `collector.store.schema.create` makes, without binding the models, which others may use now."""
    memory.connect()
    sorted_: Any = peewee.sort_models  # type: ignore[attr-defined]  # its stubs leave it out
    for model in sorted_([kind.model for kind in KINDS.values()]):
        peewee.SchemaManager(model, memory).create_all(safe=False)


def _stored(image: Image) -> Iterator[Item | None]:
    """All rows of the schema that can be read, and None for each page and row that cannot."""
    left, seen = [1], {1}
    while left:
        found = sound_node(image, left.pop())
        if found is None or found.kind not in TABLE:
            yield None
        elif found.is_inner:
            left += [number for number in children_of(found) if number not in seen]
            seen.update(left)
        else:
            yield from _items(image, found)


def _items(image: Image, leaf: Node) -> Iterator[Item | None]:
    for place in leaf.places:
        try:
            row = values(whole(cell(leaf, place), image.page))
            yield Item(*row) if len(row) == len(Item._fields) and isinstance(row[3], int) else None
        except Unsound:
            yield None


class _Finding:
    """The tables of ``memory`` that are not among the ``found``; ``roots`` are where trees begin."""

    def __init__(
        self, image: Image, memory: sqlite.Connection, found: dict[str, Item], roots: set[int]
    ) -> None:
        self._image, self._memory = image, memory
        rows = memory.execute("SELECT type, name, tbl_name, rootpage, sql FROM sqlite_master").fetchall()
        layout = {row[1]: Item(*row) for row in rows}
        self._lost = [item for name, item in layout.items() if name not in found]
        self._free = roots - {item.root for item in found.values()}
        self._has_any, self._is_mapped = bool(found), bool(roots)
        self._is_alike = all(item.root == layout[name].root for name, item in found.items() if name in layout)

    def all(self) -> list[Item]:
        """Those that were found."""
        if not self._is_alike:
            return self._by_rows()
        stand = [item for item in self._lost if self._stands(item)]
        is_seen = self._has_any or any(sound_node(self._image, item.root) for item in stand)
        return stand if is_seen else []  # nothing at all of the file speaks for it

    def _stands(self, item: Item) -> bool:
        """Whether it begins where it would in a new file; a damaged page there is the only one of it."""
        if self._is_mapped and item.root not in self._free:
            return False
        found = sound_node(self._image, item.root)
        if found is None or item.type != "table":
            return found is None or found.kind not in TABLE
        return self._fitting(item, item.root) is not None

    def _by_rows(self) -> list[Item]:
        """Tables of numbered rows, each of which one tree fits alone that fits no other."""
        tables = [item for item in self._lost if item.is_numbered]
        pairs = [(item, root) for item in tables for root in self._free if self._fitting(item, root)]
        fitting, fitted = Counter(item.name for item, _ in pairs), Counter(root for _, root in pairs)
        return [item._replace(root=root) for item, root in pairs if fitting[item.name] == fitted[root] == 1]

    def _fitting(self, item: Item, root: int) -> int | None:
        """How many rows of a tree fit a table; None when one of those that were tried does not."""
        rows = list(islice(self._rows(root, is_numbered=item.is_numbered), _ROWS))
        columns = self._columns(item)
        return len(rows) if all(self._takes(item, columns, *row) for row in rows) else None

    def _rows(self, root: int, *, is_numbered: bool) -> Iterator[tuple[int, list[Any]]]:
        """Numbers and values of the first that can be read; a value of None fits no table."""
        left, seen = [root], {root}
        while left:
            found = sound_node(self._image, left.pop())
            if found is None:
                continue
            if (found.kind in TABLE) != is_numbered:
                yield 0, []
            elif found.is_inner:
                left += [number for number in reversed(children_of(found)) if number not in seen]
                seen.update(left)
            else:
                yield from self._of_leaf(found)

    def _of_leaf(self, leaf: Node) -> Iterator[tuple[int, list[Any]]]:
        for place in leaf.places:
            try:
                there = cell(leaf, place)
                yield there.key, values(whole(there, self._image.page))
            except Unsound:
                yield 0, []

    def _columns(self, item: Item) -> list[tuple[str, bool]]:
        """The columns of a table as its records have them, and which of them is the number of the row."""
        rows = self._memory.execute(f'PRAGMA table_info("{item.name}")').fetchall()
        keys = [row for row in rows if row[5]]
        if not item.is_numbered:
            rows = sorted(keys, key=lambda row: row[5]) + [row for row in rows if not row[5]]
        is_alias = item.is_numbered and len(keys) == 1 and keys[0][2] == "INTEGER"
        return [(row[1], is_alias and bool(row[5])) for row in rows]

    def _takes(self, item: Item, columns: list[tuple[str, bool]], number: int, row: list[Any]) -> bool:
        """Whether a new table takes such a row."""
        if len(row) != len(columns):
            return False
        bound = [number if is_number else value for (_, is_number), value in zip(columns, row, strict=True)]
        marks = ", ".join("?" * len(row))
        try:
            with savepoint(self._memory):
                self._memory.execute(
                    f'INSERT INTO "{item.name}" ({names([name for name, _ in columns])}) VALUES ({marks})',  # noqa: S608  # names of ours
                    bound,
                )
        except REFUSALS:
            return False
        return True


def _write(image: Image, items: list[Item]) -> None:
    """The whole schema on new pages, tables before their indexes."""
    ordered = sorted(items, key=lambda item: item.type != "table")
    records = [record for item in ordered if len(record := as_record(item)) <= _LONGEST]
    cells = [as_varint(len(record)) + as_varint(n) + record for n, record in enumerate(records, 1)]
    parts: list[Part] = []
    begin = 0
    while begin < len(cells):
        end = next(end for end in range(len(cells), begin, -1) if as_page(LEAF_TABLE, cells[begin:end]))
        number = image.new(as_page(LEAF_TABLE, cells[begin:end]) or b"")
        parts.append(Part(number, as_varint(end)))
        begin = end
    if parts:
        build(image, 1, INNER_TABLE, parts)
