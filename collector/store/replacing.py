"""New rows of a summary in place of the old: the writer takes some hundred a step, readers see no hole."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import msgspec

from collector.orm import peewee, select
from collector.records.base import KINDS
from collector.store.cache import Step

if TYPE_CHECKING:
    from collector.sqlite import sqlite3

MOST_ROWS = 500  # a step

Row = tuple[Any, ...]
T = TypeVar("T")
# Has the writer do a step.
Ask = Callable[[str, Step], Any]


class Stop(Protocol):
    """Says whether to give up half-way: the recorder stops."""

    def __call__(self) -> bool:
        """Whether to stop now."""
        ...


def replace(
    kind: str, database: peewee.SqliteDatabase, ask: Ask, stop: Stop, records: Iterable[msgspec.Struct]
) -> int:
    """Have the writer put the new rows of ``kind`` in place of the old; how many were written.

    They are written as they are made, and only their keys are held: there may be very many.
    """
    made = KINDS[kind]
    key = made.columns[0].column_name
    keys = set[str]()
    for some in _some_hundred(records):
        ask(f"summaries.{kind}", _put(made.table, some))
        keys |= {getattr(record, key) for record in some}
    if stop():  # then these are not all, and the others must not be taken for gone
        return len(keys)
    for gone in _some_hundred(row for row in _stored(database, made.table, key) if row[0] not in keys):
        ask(f"summaries.{kind}", _delete(made.table, key, gone))
    return len(keys)


def _some_hundred(rows: Iterable[T]) -> Iterator[list[T]]:
    left = iter(rows)
    while some := list(islice(left, MOST_ROWS)):
        yield some


def _stored(database: peewee.SqliteDatabase, table: str, key: str) -> Iterator[Row]:
    """All keys of a table, read some hundred at a time: what is read already may be deleted meanwhile."""
    rows = select(database, f"SELECT {key} FROM {table} ORDER BY {key} LIMIT ?", MOST_ROWS)  # noqa: S608  # only words of ours
    while rows:
        yield from rows
        rows = select(
            database,
            f"SELECT {key} FROM {table} WHERE {key} > ? ORDER BY {key} LIMIT ?",  # noqa: S608  # only words of ours
            rows[-1][0],
            MOST_ROWS,
        )


def _put(table: str, records: list[msgspec.Struct]) -> Step:
    names = records[0].__struct_fields__
    sql = f"INSERT OR REPLACE INTO {table} ({', '.join(names)}) VALUES ({', '.join('?' for _ in names)})"  # noqa: S608  # only words of ours

    def step(conn: sqlite3.Connection) -> int:
        return int(conn.executemany(sql, [msgspec.structs.astuple(record) for record in records]).rowcount)

    return step


def _delete(table: str, key: str, keys: list[Row]) -> Step:
    sql = f"DELETE FROM {table} WHERE {key} = ?"  # noqa: S608  # only words of ours

    def step(conn: sqlite3.Connection) -> int:
        return int(conn.executemany(sql, keys).rowcount)

    return step
