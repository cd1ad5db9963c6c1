"""What of each kind of record is rolled up, and the SQL that reads it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

import msgspec

from collector.orm import peewee
from collector.records.base import (
    KINDS,
    KINDS_BY_MODEL,
    Flag,
    Kind,
    Real,
    Record,
    Reference,
    Timestamp,
    Whole,
)

NOTHING = "[]"
LAST = 2**63 - 1


@dataclass(frozen=True)
class Source:
    """The rows of a kind that is rolled up.

    Its *place* is what its position counts: the row number, or the moment of samples, which have none.
    """

    kind: Kind
    whole: Kind | None  # the kind of the record that its rows belong to, which knows moment and key

    @property
    def name(self) -> str:
        """The subject of its series."""
        return self.kind.name

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """The columns that are rolled up: its numbers, but neither keys nor moments."""
        meta: Any = self.kind.model._meta
        left_out = {column.column_name for column in meta.get_primary_keys()} | {*self.per}
        return tuple(
            column.column_name
            for column in self.kind.columns
            if isinstance(column, (Real, Whole, Flag))
            and not isinstance(column, Timestamp)
            and column.column_name not in left_out
        )

    @property
    def per(self) -> tuple[str, ...]:
        """The columns by whose values its series are apart."""
        return self.kind.per or ()

    @cached_property
    def touched_by(self) -> frozenset[str]:
        """The columns of whose changes rollups follow, moments and keys included."""
        return frozenset((*self.columns, *self.per, self._moment_column))

    @property
    def _moment_column(self) -> str:
        name = (self.whole or self.kind).moment
        assert name is not None  # else nothing could be said of when
        return name

    @cached_property
    def moment(self) -> str:
        """SQL of the moment of a row, in ms."""
        return f'{self._owner}."{self._moment_column}"'

    @property
    def _owner(self) -> str:
        """The table that knows moment and key."""
        return f'"{(self.whole or self.kind).table}"'

    @cached_property
    def key(self) -> tuple[str, ...]:
        """SQL of the columns that make the key."""
        return tuple(f'{self._owner}."{name}"' for name in self.per)

    @cached_property
    def place(self) -> str:
        """SQL of the place of a row."""
        return self.moment if self.kind.is_sample else f'"{self.kind.table}".rowid'

    @cached_property
    def tables(self) -> str:
        """SQL of where the rows are, found by their places."""
        own = f'"{self.kind.table}"'
        if self.whole is None:
            return own
        return f"{own} CROSS JOIN {self._owner} ON {self._joined}"

    @cached_property
    def by_moment(self) -> tuple[str, str]:
        """SQL of where the rows are, found by their moments: what stands before it, and the tables.

        Numbered rows have an index of moments behind the first column of their key: so all values of that
        are gone through, each found with one step into the index.
        """
        own = f'"{self.kind.table}"'
        if self.whole is not None:
            return "", f"{self._owner} CROSS JOIN {own} ON {self._joined}"
        name = self.per[0] if self.per else ""
        if self.kind.is_sample or not name or getattr(self.kind.model, name).null:
            return "", own  # nulls are no step of an index
        steps = (
            f'WITH RECURSIVE first(v) AS (SELECT min("{name}") FROM {own} UNION ALL'  # noqa: S608  # names of ours
            f' SELECT (SELECT min("{name}") FROM {own} WHERE "{name}" > v) FROM first WHERE v IS NOT NULL)'
        )
        return steps, f"first CROSS JOIN {own} ON {self.key[0]} = first.v"

    @property
    def _joined(self) -> str:
        assert self.whole is not None
        return f'"{self.kind.table}"."{self.whole.key}" = {self._owner}."{self.whole.key}"'

    def select(self, tables: str, where: str, *columns: str) -> str:
        """SQL of place, moment, the key, and some columns or all."""
        wanted = [f'"{self.kind.table}"."{column}"' for column in columns or self.columns]
        return (
            f"SELECT {', '.join((self.place, self.moment, *self.key, *wanted))} FROM {tables} WHERE {where}"  # noqa: S608  # names of ours
        )

    @cached_property
    def after(self) -> str:
        """SQL of the rows from behind a place up to another, in their order."""
        return self.select(self.tables, f"{self.place} > ? AND {self.place} <= ? ORDER BY {self.place}")

    @cached_property
    def between(self) -> str:
        """SQL of the rows from one moment to before another, up to a place."""
        before, tables = self.by_moment
        where = f"{self.moment} >= ? AND {self.moment} < ? AND {self.place} <= ?"
        return f"{before} {self.select(tables, where)}"


def key_text(values: tuple[Any, ...]) -> str:
    """The key of a series, as it is stored."""
    return msgspec.json.encode(values).decode() if values else NOTHING


def sources() -> Iterator[Source]:
    """One for each kind that is rolled up."""
    for kind in [*KINDS.values()]:
        if source := source_of(kind.model):
            yield source


@cache
def source_of(model: type[Record]) -> Source | None:
    """What of a kind is rolled up; None when nothing is."""
    kind = KINDS_BY_MODEL[model]
    if kind.per is None:
        return None
    columns: list[peewee.Field] = kind.columns
    wholes = [column.rel_model for column in columns if isinstance(column, Reference)]
    source = Source(kind, KINDS_BY_MODEL[wholes[0]] if wholes else None)
    return source if source.columns else None
