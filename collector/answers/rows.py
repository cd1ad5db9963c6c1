"""Rows of any kind: the newest, those with a value in an indexed column, one, or all of them in pages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing
from typing import TYPE_CHECKING, Any

import msgspec

from collector.answers.indexed import key
from collector.answers.timed import Row, ask_sql
from collector.answers.wanted import Wanted, group, serving, serving_group, where_sql
from collector.records.base import Document, Flag, Kind, Part, Reference, Text

if TYPE_CHECKING:
    from collector.orm import peewee

PAGE = 2_000
PAGE_CHARACTERS = 4_000_000


def rows(
    database: peewee.SqliteDatabase,
    kind: Kind,
    *,
    where: Mapping[str, Any] | None = None,
    since_ms: int = 0,
    until_ms: int | None = None,
    limit: int = 20,
    newest_first: bool = True,
) -> list[Row]:
    """At most ``limit`` rows in the order of their moments, with flags as booleans and JSON as objects.

    `Wanted` says what the others mean. Rows that have parts in other tables hold them as objects.
    """
    wanted = Wanted(kind, where or {}, since_ms, until_ms)
    served = serving(database, wanted)
    direction = "DESC" if newest_first else "ASC"
    if served is None and (groups := group(kind)):
        sql, values = _by_group(wanted, groups, direction)
        values.append(limit)
    else:
        conditions, values = wanted.conditions(served)
        order = ", ".join(f"{name} {direction}" for name in wanted.order(served))
        sql = f"{_select(kind)} {where_sql(conditions)} ORDER BY {order} LIMIT ?"
    return _whole(database, kind, ask_sql(database, f"rows.{kind.name}", sql, *values, limit))


def count(
    database: peewee.SqliteDatabase,
    kind: Kind,
    *,
    where: Mapping[str, Any] | None = None,
    since_ms: int = 0,
    until_ms: int | None = None,
    most: int = 2**62,
) -> int:
    """How many rows there are of what `rows` was asked for; counting ends at ``most``."""
    wanted = Wanted(kind, where or {}, since_ms, until_ms)
    conditions, values = wanted.conditions(serving(database, wanted, most=None))
    sql = f"SELECT 1 FROM {kind.table} {where_sql(conditions)} LIMIT ?"  # noqa: S608  # only names of ours
    counted = f"SELECT count(*) AS rows FROM ({sql})"  # noqa: S608  # as above
    return int(ask_sql(database, f"rows.{kind.name}.count", counted, *values, most)[0]["rows"])


def pages(
    database: peewee.SqliteDatabase,
    kind: Kind,
    *,
    where: Mapping[str, Any] | None = None,
    since_ms: int = 0,
    until_ms: int | None = None,
    size: int = PAGE,
) -> Iterator[list[Row]]:
    """All rows, oldest first, at most ``size`` at a time; by their key where moments have no index.

    Each page is a statement of its own that goes on behind the last row of the page before. One long
    statement would hold its snapshot to the end: meanwhile no checkpoint gets past it, and the
    write-ahead log grows with all that is recorded.
    """
    wanted = Wanted(kind, where or {}, since_ms, until_ms)
    served = serving(database, wanted)
    conditions, values = wanted.conditions(served)
    order = wanted.order(served, sorting=False)
    behind = f"({', '.join(order)}) > ({', '.join('?' * len(order))})"
    last: list[Any] = []
    while True:
        sql = f"{_select(kind)} {where_sql([*conditions, *([behind] if last else [])])}"
        sql += f" ORDER BY {', '.join(order)} LIMIT ?"
        found = _page(database, kind, sql, *values, *last, size)
        if not found:
            return
        last = [found[-1][name.strip('+"')] for name in order]
        yield _whole(database, kind, found)


def _page(database: peewee.SqliteDatabase, kind: Kind, sql: str, *values: Any) -> list[Row]:
    """The rows of a statement, up to where their long texts take too much memory.

    Without a clock: nobody waits for a page, and one that has to look far for its rows is no news.
    """
    execute: Any = database.execute_sql  # Peewee's stubs leave it untyped
    names = [column.column_name for column in kind.columns]
    long = [place for place, column in enumerate(kind.columns) if _is_long(column)]
    found, characters = [], 0
    with closing(execute(sql, values)) as cursor:
        for row in cursor:
            found.append(dict(zip(names, row, strict=True)))
            characters += sum(len(row[place] or "") for place in long)
            if characters > PAGE_CHARACTERS:
                break
    return found


def _is_long(column: Any) -> bool:
    return isinstance(column, Document) or (isinstance(column, Text) and column.rules["max_length"] > 1000)


def _by_group(wanted: Wanted, column: str, direction: str) -> tuple[str, list[Any]]:
    """The newest of each group, merged; both limits are missing in the values.

    The groups are found with one step into the index each, instead of a walk along it.
    """
    kind = wanted.kind
    (number,) = key(kind)
    conditions, values = wanted.conditions(serving_group(wanted, column))
    first = f'SELECT min("{column}") FROM {kind.table}'  # noqa: S608  # only names of ours
    order = f'ORDER BY "{kind.moment}" {direction}, "{number}" {direction} LIMIT ?'
    inner = where_sql([f'"{column}" = groups.name', *conditions])
    sql = f"""
        WITH RECURSIVE groups(name) AS (
            {first}
            UNION ALL
            SELECT ({first} WHERE "{column}" > groups.name) FROM groups WHERE groups.name IS NOT NULL
        )
        {_select(kind, among="groups CROSS JOIN ")} ON "{number}" IN (
            SELECT "{number}" FROM {kind.table} {inner} {order}
        ) {order}
        """  # noqa: S608  # only names of ours
    return sql, values


def _whole(database: peewee.SqliteDatabase, kind: Kind, found: list[Row]) -> list[Row]:
    """The rows with their values as they were sent, and their parts inside."""
    made = [_decoded(row, kind.columns) for row in found]
    for part in kind.parts:
        if part.key and made:
            _put_inside(database, part, made)
    return made


def _put_inside(database: peewee.SqliteDatabase, part: Part, made: list[Row]) -> None:
    meta = part.model._meta
    belongs = next(column.column_name for column in meta.sorted_fields if isinstance(column, Reference))
    names = ", ".join(f'"{name}"' for name in (belongs, *(column.column_name for column in part.given)))
    sql = f'SELECT {names} FROM {meta.table_name} WHERE "{belongs}" IN (SELECT value FROM json_each(?))'  # noqa: S608  # only names of ours
    keys = msgspec.json.encode([row[part.key] for row in made]).decode()
    found = {row.pop(belongs): _decoded(row, part.given) for row in ask_sql(database, "rows.part", sql, keys)}
    for row in made:
        row[part.field] = found.get(row[part.key])


def _decoded(row: Row, columns: list[Any]) -> Row:
    for column in columns:
        name = column.column_name
        if row[name] is None:
            continue
        if isinstance(column, Flag):
            row[name] = bool(row[name])
        elif isinstance(column, Document):
            row[name] = _document(row[name])
    return row


def _document(text: str) -> Any:
    """What JSON says; what is none, since somebody wrote it by hand, stays as it is."""
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return text


def _select(kind: Kind, among: str = "") -> str:
    names = ", ".join(f'"{column.column_name}"' for column in kind.columns)
    return f"SELECT {names} FROM {among}{kind.table}"  # noqa: S608  # only names of ours
