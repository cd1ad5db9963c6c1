"""A record with some of everything, to be damaged and salvaged."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from collector.orm import peewee
from collector.records.base import KINDS
from collector.records.columns import Bytes, Document, Flag, Real, Reference, Text, Timestamp, Whole
from collector.store import schema
from collector.store.database import open_reader, open_writer, raw, transaction
from collector.store.recovery import salvage

if TYPE_CHECKING:
    from collector.sqlite import sqlite3

NOW_MS = 1_795_372_200_000
FIRST_MS = NOW_MS - 10_000_000_000
PAGE = 4096
# What is made again of the rows.
NOT_CARRIED = {"query_cache"}


class Record:
    """A database with its schema, on which this test writes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._database = open_writer(path, "normal")
        schema.prepare(self._database, path)
        self.conn = raw(self._database)

    def close(self) -> None:
        """Close it; twice is fine."""
        self._database.close()

    def rows(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """An answer."""
        return self.conn.execute(sql, values).fetchall()

    def ask(self, _name: str, step: Callable[[sqlite3.Connection], Any]) -> Any:
        """The writer does it at once."""
        with transaction(self.conn):
            return step(self.conn)

    def fill(self, count: int) -> None:
        """Rows for each table; their keys rise as those of a recorder do."""
        with transaction(self.conn):
            self.conn.execute("PRAGMA defer_foreign_keys = ON")
            for kind in KINDS.values():
                self._fill(kind.table, list(kind.columns), count)

    def _fill(self, table: str, columns: list[Any], count: int) -> None:
        names = ", ".join(f'"{column.column_name}"' for column in columns)
        marks = ", ".join("?" * len(columns))
        rows = [[_value(column, n) for column in columns] for n in range(1, count + 1)]
        self.conn.executemany(f'INSERT INTO "{table}" ({names}) VALUES ({marks})', rows)


# By the first type that a column is of.
_VALUES: tuple[tuple[type, Callable[[str, int], Any]], ...] = (
    (Reference, lambda name, n: f"run_id {n:06d} {'x' * 60}"),
    (peewee.AutoField, lambda name, n: n),
    (Timestamp, lambda name, n: FIRST_MS + n * 2_000),
    (Flag, lambda name, n: n % 2),
    (Document, lambda name, n: f'{{"n": {n}}}'),
    (Bytes, lambda name, n: None),
    (Real, lambda name, n: n % 97 + 0.5),
    (Text, lambda name, n: f"{name} {n:06d} {'x' * 60}"),
    (Whole, lambda name, n: (300, 3600, 86_400)[n % 3] if name == "tier_s" else n),
)


def _value(column: Any, n: int) -> Any:
    return next(made(column.column_name, n) for kind, made in _VALUES if isinstance(column, kind))


@contextmanager
def recording(path: Path) -> Iterator[Record]:
    """A record that is closed in the end."""
    record = Record(path)
    try:
        yield record
    finally:
        record.close()


def begun(path: Path, lies: Path) -> Record:
    """A new record that has what must be there first."""
    record = Record(path)
    with transaction(record.conn):
        salvage.begin(record.conn, lies, "damaged", "page 7 is zero", NOW_MS)
    return record


def carried(record: Record, lies: Path, steps: int = 1 << 60) -> salvage.Carried:
    """Salvaged, for so many steps at the most."""
    left = iter(range(steps))
    return salvage.carry(lies, record.ask, lambda: next(left, None) is None)


def contents(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of all tables that are carried."""
    database = open_reader(path)
    try:
        conn = raw(database)
        return {
            kind.table: conn.execute(f'SELECT * FROM "{kind.table}" ORDER BY 1, 2, 3').fetchall()
            for kind in KINDS.values()
            if kind.table not in NOT_CARRIED
        }
    finally:
        database.close()


def leaves(path: Path, table: str) -> list[int]:
    """The numbers of the leaves of a table, in the order of its keys; the log is empty."""
    database = open_reader(path)
    try:
        ((root,),) = raw(database).execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (table,))
    finally:
        database.close()
    return list(_leaves(path.read_bytes(), root))


def _leaves(data: bytes, number: int) -> Iterator[int]:
    """Down the tree, as https://www.sqlite.org/fileformat2.html has it."""
    page = data[(number - 1) * PAGE : number * PAGE]
    if page[0] in {10, 13}:
        yield number
        return
    (cells,) = struct.unpack_from(">H", page, 3)
    for cell in struct.unpack_from(f">{cells}H", page, 12):
        yield from _leaves(data, *struct.unpack_from(">I", page, cell))
    yield from _leaves(data, *struct.unpack_from(">I", page, 8))


def zeroed(*numbers: int) -> Callable[[Path], object]:
    """Damages these pages."""
    return _overwritten(numbers, bytes)


def garbled(*numbers: int) -> Callable[[Path], object]:
    """The same with bytes that mean nothing."""
    return _overwritten(numbers, random.Random(7).randbytes)


def _overwritten(numbers: tuple[int, ...], made: Callable[[int], bytes]) -> Callable[[Path], object]:
    def damage(path: Path) -> None:
        with path.open("r+b") as file:
            for number in numbers:
                file.seek((number - 1) * PAGE)
                file.write(made(PAGE))

    return damage
