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

    ``records`` rise by their key, and are written as they are made: there may be very many, so that not even
    their keys are held. What lies between two of them, and behind the last, is gone.
    """
    made = KINDS[kind]
    table, key = made.table, made.columns[0].column_name
    count, last = 0, ""
    for some in _some_hundred(records):
        ask(f"summaries.{kind}", _put(table, some))
        if stop():  # then some may be missing, and others must not be taken for gone
            return count + len(some)
        keys = {getattr(record, key) for record in some}
        stays = {last, *keys} if count else keys
        _clear(kind, ask, _stored(database, table, key, last, max(keys)), stays)
        count, last = count + len(keys), max(keys)
    if not stop():
        _clear(kind, ask, _stored(database, table, key, last), {last} if count else set())
    return count


def _clear(kind: str, ask: Ask, rows: Iterable[Row], stays: set[str]) -> None:
    """Have the writer delete rows by their keys, but for some."""
    made = KINDS[kind]
    for gone in _some_hundred(row for row in rows if row[0] not in stays):
        ask(f"summaries.{kind}", _delete(made.table, made.columns[0].column_name, gone))


def _some_hundred(rows: Iterable[T]) -> Iterator[list[T]]:
    left = iter(rows)
    while some := list(islice(left, MOST_ROWS)):
        yield some


def _stored(
    database: peewee.SqliteDatabase, table: str, key: str, low: str, high: str | None = None
) -> Iterator[Row]:
    """Keys from ``low`` to ``high``, read some hundred at a time: those before may be deleted meanwhile."""
    within = f"{key} <= coalesce(?, {key}) ORDER BY {key} LIMIT ?"
    sql = f"SELECT {key} FROM {table} WHERE {key} {{}} ? AND {within}"  # noqa: S608  # only words of ours
    rows = select(database, sql.format(">="), low, high, MOST_ROWS)
    while rows:
        yield from rows
        rows = select(database, sql.format(">"), rows[-1][0], high, MOST_ROWS)


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
