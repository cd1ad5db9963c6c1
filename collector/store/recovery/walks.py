"""The tables of a record as they are walked through when it is salvaged: by which key, in which order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

from collector.orm import peewee
from collector.records.base import KINDS, Kind, Record, Reference
from collector.records.columns import Whole
from collector.store.rollups.tiers import TIERS_S

# Answers that are made again of the rows; kept ones would speak of rows that are lost.
_NOT_CARRIED = ("cache",)
# What the rest depends on, taken over before anything new is recorded, however long it takes: how far logs
# are read, how far upkeep has come, and the numbers of the series.
FIRST = ("upkeep_position", "tail", "series")
# What is small, and asked for most.
SOON = ("recovery", "session", "workload", "gap", "change", "alert", "plan", "query")
# Only when everything else is there: whoever rolls up once more must find all rows.
_LAST = ("rollup_stale",)


@dataclass(frozen=True)
class Walk:
    """The rows of a table, or of one tier of rollups, in the order of their ``key``.

    ``fixed`` is the tier, None for all other tables. A table of numbered rows without a column for the
    number has it as column ``rowid``.
    """

    kind: Kind
    key: tuple[str, ...]
    columns: tuple[str, ...]
    fixed: int | None = None

    @property
    def table(self) -> str:
        """The table's name."""
        return self.kind.table

    @property
    def name(self) -> str:
        """By which its progress is known."""
        return self.table if self.fixed is None else f"{self.table} {self.fixed}"

    @property
    def is_numbered(self) -> bool:
        """Whether new rows get the number after the largest there is."""
        return len(self.key) == 1 and not self.has_moments and not self.is_by_text

    @cached_property
    def has_moments(self) -> bool:
        """Whether the key is a moment, which no row gets by itself."""
        return self.key[0] == "timestamp"

    @cached_property
    def is_by_text(self) -> bool:
        """Whether there is nothing between two keys that could be counted."""
        column = self.kind.model._meta.columns.get(self.key[0])
        return column is not None and not isinstance(column, (Whole, peewee.AutoField))

    def fits(self, key: tuple[Any, ...]) -> bool:
        """Whether a key may stand there; those of a page of garbage may be of any type."""
        return isinstance(key[0], str if self.is_by_text else int)

    def known_to(self, columns: set[str]) -> Walk:
        """The same of a file whose table has only these columns."""
        left = tuple(name for name in self.columns if name in columns or name == "rowid")
        return Walk(self.kind, self.key, left, self.fixed)


@cache
def walk_of(name: str) -> Walk:
    """The walk through a kind that has but one."""
    (walk,) = _walks(KINDS[name])
    return walk


def walks() -> list[Walk]:
    """All of them, in the order in which rows are taken over: rows after those that they refer to."""
    names = [*FIRST, *SOON, "rollup"]
    others = [kind.name for kind in KINDS.values() if kind.name not in (*names, *_LAST, *_NOT_CARRIED)]
    others.sort(key=lambda name: any(isinstance(column, Reference) for column in KINDS[name].columns))
    return [walk for name in (*names, *others, *_LAST) for walk in _walks(KINDS[name])]


def _walks(kind: Kind) -> Iterator[Walk]:
    columns = tuple(column.column_name for column in kind.columns)
    key = _key(kind.model)
    if kind.name == "rollup":
        for tier_s in reversed(TIERS_S):
            yield Walk(kind, key[1:], columns, tier_s)
    else:
        yield Walk(kind, key, columns if set(key) <= {*columns} else (*key, *columns))


def _key(model: type[Record]) -> tuple[str, ...]:
    meta: Any = model._meta
    keys = meta.get_primary_keys()
    is_number = len(keys) == 1 and isinstance(keys[0], (Whole, peewee.AutoField))
    if is_number or meta.without_rowid:
        return tuple(column.column_name for column in keys)
    return ("rowid",)
