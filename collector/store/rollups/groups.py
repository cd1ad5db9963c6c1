"""Rows by stretch and key: brought together in memory, then added to what is stored."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from collector.store.rollups import series
from collector.store.rollups.part import Part, Row
from collector.store.rollups.sources import Source, key_text
from collector.store.rollups.tiers import FIVE_MINUTES, TIERS_S, begin

if TYPE_CHECKING:
    from collector.sqlite import sqlite3

_FIND = (
    "SELECT count, sum, min, max, sketch FROM rollups WHERE tier_s = ? AND timestamp = ? AND series_id = ?"
)
_PUT = (
    "INSERT OR REPLACE INTO rollups (tier_s, timestamp, series_id, count, sum, min, max, sketch)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
)

# Where a row of rollups stands: tier_s, timestamp, series_id.
Cell = tuple[int, int, int]


class Groups:
    """Rows of one kind, by 5 minutes and key."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.rows = 0
        self._groups: dict[tuple[int, tuple[Any, ...]], list[Sequence[Any]]] = {}

    @property
    def cells(self) -> int:
        """How many rows of rollups they become in each tier at the most."""
        return len(self._groups) * len(self.source.columns)

    @property
    def values(self) -> int:
        """How many values they hold at the most."""
        return self.rows * len(self.source.columns)

    def add(self, moment_ms: int, key: tuple[Any, ...], values: Sequence[Any]) -> None:
        """One row more; ``values`` in the order of the source's columns."""
        self._groups.setdefault((begin(moment_ms, FIVE_MINUTES), key), []).append(values)
        self.rows += 1

    def parts(self) -> Iterator[tuple[str, str, int, Part]]:
        """Column, key and moment of each 5 minutes, and what is in them."""
        for (moment_ms, key), rows in self._groups.items():
            text = key_text(key)
            for column, values in zip(self.source.columns, zip(*rows, strict=True), strict=True):
                if given := [value for value in values if value is not None]:
                    yield column, text, moment_ms, Part.of(given)

    def merge(self, conn: sqlite3.Connection) -> None:
        """Add them to all tiers, inside a transaction."""
        by_series: dict[tuple[str, str], list[tuple[int, Part]]] = defaultdict(list)
        for column, key, moment_ms, part in self.parts():
            by_series[column, key].append((moment_ms, part))
        found: dict[Cell, Part] = defaultdict(Part)
        for (column, key), parts in by_series.items():
            number = series.number(conn, self.source.name, column, key)
            for moment_ms, part in parts:
                for tier_s in TIERS_S:
                    found[tier_s, begin(moment_ms, tier_s), number].add(part)
        _add(conn, found)


def _add(conn: sqlite3.Connection, parts: dict[Cell, Part]) -> None:
    for cell, part in parts.items():
        if stored := find(conn, cell):
            part.add_row(stored)
    put(((cell, part.row()) for cell, part in parts.items()), conn)


def find(conn: sqlite3.Connection, cell: Cell) -> Row | None:
    """What is stored of one series and stretch."""
    row: Row | None = conn.execute(_FIND, cell).fetchone()
    return row


def put(rows: Iterable[tuple[Cell, Row]], conn: sqlite3.Connection) -> None:
    """Store rows in place of what is there."""
    conn.executemany(_PUT, ((*cell, *row) for cell, row in rows))


def delete(cells: Iterable[Cell], conn: sqlite3.Connection) -> None:
    """Delete rows."""
    conn.executemany("DELETE FROM rollups WHERE tier_s = ? AND timestamp = ? AND series_id = ?", cells)
