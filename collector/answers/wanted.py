"""Which rows are wanted, and the index that finds them: the parts of a SELECT.

Names come from the models; values are bound.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from collector.answers.indexed import Index, in_order_of_moment, indexes, is_bound, key
from collector.answers.timed import ask_sql
from collector.records.base import Kind

if TYPE_CHECKING:
    from collector.orm import peewee

# An index that does not know the moment serves up to so many rows, since they have to be sorted.
FEW = 10_000


@dataclass(frozen=True)
class Wanted:
    """Which rows: ``where`` (column → value), and their moment from ``since_ms`` to before ``until_ms``.

    A value is what the column equals; a column of moments or measured figures holds it or more.
    Raises ValueError for a column that the kind does not have.
    """

    kind: Kind
    where: Mapping[str, Any] = field(default_factory=dict)
    since_ms: int = 0
    until_ms: int | None = None

    def __post_init__(self) -> None:
        columns = {column.column_name for column in self.kind.columns}
        if unknown := self.where.keys() - columns:
            raise ValueError(f"{self.kind.name} has no column {', '.join(sorted(unknown))}")

    def conditions(self, served: Index | None) -> tuple[list[str], list[Any]]:
        """The conditions and their values; a + keeps SQLite from asking another index than ``served``."""
        columns = {column.column_name: column for column in self.kind.columns}
        chosen = served.columns if served else ()
        terms = [
            (quoted(name, plain=name in chosen), ">=" if is_bound(columns[name]) else "=", value)
            for name, value in self.where.items()
        ]
        if self.kind.moment:
            moment = quoted(self.kind.moment, plain=served is None or self.kind.moment in chosen)
            terms += [(moment, ">=", self.since_ms)] if self.since_ms else []
            terms += [(moment, "<", self.until_ms)] if self.until_ms is not None else []
        conditions = [f"{name} {compare} ?" for name, compare, _ in terms]
        if served and served.condition and served.condition.sql:
            conditions.append(served.condition.sql)
        return conditions, [value for _, _, value in terms]

    def order(self, served: Index | None, *, sorting: bool = True) -> list[str]:
        """The columns that put the rows in the order of their moments, the key after them.

        Without ``sorting``, where no index has that order, it is that of the key.
        """
        moment, keys = self.kind.moment, key(self.kind)
        if moment is None or (served is None and not sorting and not has_moment_first(self.kind)):
            return [quoted(name) for name in keys]
        plain = served is None or in_order_of_moment(self.kind, served, self.where)
        return [quoted(name, plain=plain) for name in dict.fromkeys((moment, *keys))]


def serving(database: peewee.SqliteDatabase, wanted: Wanted, most: int | None = FEW) -> Index | None:
    """The index to ask; None when the rows are better looked at one after the other, newest first.

    SQLite would have to guess, since nobody keeps statistics of the tables for it. So it is told what a
    look into each index has found. One that does not know the moment serves up to ``most`` rows.
    """
    usable = [index for index in indexes(wanted.kind) if _serves(index, wanted)]
    ordered = [index for index in usable if in_order_of_moment(wanted.kind, index, wanted.where)]
    unique = [index for index in usable if index.unique and len(index.columns) == 1]
    if unique or (len(usable) == 1 and ordered == usable):
        return (unique or usable)[0]
    found = {index: _look(database, wanted, index) for index in usable}
    best = min(usable, key=lambda index: (found[index], index not in ordered), default=None)
    if best is None or best in ordered or most is None or found[best] <= most:
        return best
    return ordered[0] if ordered else None


def has_moment_first(kind: Kind) -> bool:
    """Whether some index has all rows in the order of their moments."""
    return any(index.columns[0] == kind.moment and index.condition is None for index in indexes(kind))


def group(kind: Kind) -> str:
    """The column whose every value has its rows in order, where the moment has no index of its own."""
    if has_moment_first(kind) or len(key(kind)) > 1:
        return ""
    leading = (index.columns[0] for index in indexes(kind) if index.columns[1:2] == (kind.moment,))
    return next(leading, "")


def serving_group(wanted: Wanted, column: str) -> Index | None:
    """The index that has the wanted rows of one value of ``column`` in order, if it knows all columns."""
    where = {**wanted.where, column: None}
    fits = (
        i for i in indexes(wanted.kind) if _serves(i, wanted) and in_order_of_moment(wanted.kind, i, where)
    )
    return next(fits, None)


def quoted(name: str, *, plain: bool = True) -> str:
    """A column's name in SQL; not ``plain``: so that no index is asked for it."""
    return f'"{name}"' if plain else f'+"{name}"'


def where_sql(conditions: list[str]) -> str:
    """``WHERE`` and all of them, or nothing."""
    return f"WHERE {' AND '.join(conditions)}" if conditions else ""


def _serves(index: Index, wanted: Wanted) -> bool:
    return index.columns[0] in wanted.where and (
        index.condition is None or index.condition.holds(wanted.where)
    )


def _look(database: peewee.SqliteDatabase, wanted: Wanted, index: Index) -> int:
    """How many rows the index has of what its first column is asked for, counted to just above `FEW`."""
    first = {index.columns[0]: wanted.where[index.columns[0]]}
    conditions, values = Wanted(wanted.kind, first).conditions(index)
    inner = f"SELECT 1 FROM {wanted.kind.table} {where_sql(conditions)} LIMIT ?"  # noqa: S608  # only names of ours
    sql = f"SELECT count(*) AS rows FROM ({inner})"  # noqa: S608  # as above
    return int(ask_sql(database, "rows.look", sql, *values, FEW + 1)[0]["rows"])
