"""The indexes of a kind as its model declares them: what its rows can be asked for, and in which order."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, NamedTuple

from collector.records.base import Kind
from collector.records.columns import Real, Timestamp

# What the conditions of partial indexes compare with.
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {">=": operator.ge, "!=": operator.ne}


class Condition(NamedTuple):
    """Which rows a partial index holds: ``column operator value``."""

    column: str
    operator: str
    value: Any

    def holds(self, where: Mapping[str, Any]) -> bool:
        """Whether all rows that are asked for are in the index."""
        compare = _COMPARE.get(self.operator)  # IS NOT NULL: so is whatever is compared with a value
        return self.column in where and (compare is None or compare(where[self.column], self.value))

    @property
    def sql(self) -> str:
        """What a statement has to say besides, for SQLite to know that the index serves.

        It does not look at bound values. Nothing where a comparison with any value says so already.
        """
        if self.operator not in _COMPARE:
            return ""
        value = "'{}'".format(self.value.replace("'", "''")) if isinstance(self.value, str) else self.value
        return f'"{self.column}" {self.operator} {value}'


class Index(NamedTuple):
    """An index, or the primary key."""

    columns: tuple[str, ...]
    unique: bool
    condition: Condition | None = None


@cache
def indexes(kind: Kind) -> tuple[Index, ...]:
    """All of a kind, the primary key first."""
    made = (_index(index) for index in kind.model._meta.fields_to_index())
    return (Index(key(kind), unique=True), *made)


@cache
def key(kind: Kind) -> tuple[str, ...]:
    """The columns of the primary key."""
    primary: Any = kind.model._meta.primary_key
    names: tuple[str, ...] = getattr(primary, "field_names", None) or (primary.column_name,)
    return names


def is_one(kind: Kind, where: Mapping[str, Any]) -> bool:
    """Whether at most one row can be like ``where``."""
    return any(index.unique and _fixed(kind, where) >= set(index.columns) for index in indexes(kind))


@cache
def filters(kind: Kind) -> tuple[Any, ...]:
    """The columns that rows can be asked for by: those of an index, but for the moment of the kind."""
    names = {name for index in indexes(kind) for name in index.columns} - {kind.moment}
    return tuple(column for column in kind.columns if column.column_name in names)


def is_bound(column: Any) -> bool:
    """Whether asking for a value means at least that: nobody asks for 812.3 ms to the microsecond."""
    return isinstance(column, (Real, Timestamp))


def in_order_of_moment(kind: Kind, index: Index, where: Mapping[str, Any]) -> bool:
    """Whether rows that are like ``where`` come out of ``index`` in the order of their moments."""
    fixed, rest = _fixed(kind, where), list(index.columns)
    while rest and rest[0] in fixed:
        rest.pop(0)
    return bool(rest) and rest[0] == kind.moment


def _fixed(kind: Kind, where: Mapping[str, Any]) -> set[str]:
    """The columns that have one value in all rows that are asked for."""
    return {
        column.column_name for column in kind.columns if column.column_name in where and not is_bound(column)
    }


def _index(index: Any) -> Index:
    where = index._where
    condition = None if where is None else Condition(where.lhs.column_name, where.op, _value(where))
    return Index(tuple(column.column_name for column in index._expressions), bool(index._unique), condition)


def _value(where: Any) -> Any:
    """The value of a condition as the table's column has it: 100 of a REAL column is 100.0."""
    return None if where.rhs is None else where.lhs.db_value(where.rhs)
