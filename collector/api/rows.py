"""Reading: rows that are exactly like a condition, the same as updates and deletes would meet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from collector.answers import rows
from collector.answers.indexed import is_bound, key
from collector.answers.timed import Row, ask_sql
from collector.records.base import Kind, Reference
from collector.store.changes import Where

if TYPE_CHECKING:
    from collector.orm import peewee

_ALL = -1  # what SQLite takes as no limit


def read(
    database: peewee.SqliteDatabase, where: Where, limit: int | None, *, newest_first: bool
) -> list[Row]:
    """At most ``limit`` rows in the order of their moments."""
    most = _ALL if limit is None else limit
    if not all(_is_plain(where.kind, name, value) for name, value in where.columns.items()):
        return _by_key(database, where, most, newest_first=newest_first)
    return rows.rows(
        database,
        where.kind,
        where=where.columns,
        since_ms=where.since_ms or 0,
        until_ms=where.until_ms,
        limit=most,
        newest_first=newest_first,
    )


def key_column(kind: Kind, value: object) -> str:
    """The column that a row is known by: the sender's id, the run it belongs to, or the primary key."""
    (number,) = key(kind)[:1]
    if isinstance(value, int):
        return number
    named = (c.column_name for c in kind.columns if c.column_name == "record_id" or isinstance(c, Reference))
    return next(named, number)


def _is_plain(kind: Kind, name: str, value: Any) -> bool:
    """Whether `answers.rows` takes it as it is meant here: there, so much of a figure means that or more."""
    column = next(column for column in kind.columns if column.column_name == name)
    return value is not None and not isinstance(value, list) and not is_bound(column)


def _by_key(database: peewee.SqliteDatabase, where: Where, most: int, *, newest_first: bool) -> list[Row]:
    """Their keys first, then one by one; a row that goes in between is not there."""
    keys = key(where.kind)
    condition, bound = where.sql()
    direction = "DESC" if newest_first else "ASC"
    order = ", ".join(
        f'"{name}" {direction}' for name in dict.fromkeys([where.kind.moment or keys[0], *keys])
    )
    names = ", ".join(f'"{name}"' for name in keys)
    sql = f'SELECT {names} FROM "{where.kind.table}" WHERE {condition} ORDER BY {order} LIMIT ?'  # noqa: S608  # only names of ours
    found = ask_sql(database, f"api.{where.kind.name}", sql, *bound, most)
    return [row for one in found for row in _one(database, where.kind, one)]


def _one(database: peewee.SqliteDatabase, kind: Kind, keys: Row) -> list[Row]:
    """The row with these keys; where the moment is one of them it has no other bounds than itself."""
    at = keys.pop(kind.moment or "", None)
    until = None if at is None else at + 1
    return rows.rows(database, kind, where=keys, since_ms=at or 0, until_ms=until, limit=1)
