"""How records become rows: one INSERT per kind, of the columns that the records at hand have.

A null costs the driver as much as ten numbers: it looks for an adapter of NoneType each time, and of
bool too. So columns that are null in all rows of a batch are left out, and flags go as 0 and 1.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import compress
from typing import Any

import msgspec

from collector.records.columns import Document, Flag

Row = tuple[Any, ...]

_MOST_STATEMENTS = 64


class Insertion:
    """INSERTs into one table; a row whose key is stored already is left out and counted.

    Not INSERT OR IGNORE: that would leave out rows that break NOT NULL or CHECK too, in silence.
    Rows may be longer than the columns: what stands behind belongs to other tables.
    With ``replacing``, the name of the key, the new row takes the place of the one that is stored.
    """

    def __init__(self, table: str, columns: Sequence[Any], replacing: str = "") -> None:
        self._table = table
        self._columns = columns
        self._replacing = replacing
        self._flags = [i for i, column in enumerate(columns) if isinstance(column, Flag)]
        self._documents = [i for i, column in enumerate(columns) if isinstance(column, Document)]
        self._made: dict[tuple[bool, ...], str] = {}
        self.sql = self._sql((True,) * len(columns))

    def of(self, rows: Iterable[Row]) -> tuple[str, Iterable[Row]]:
        """The statement for these rows, and what to bind to it; for `executemany`."""
        values: list[Any] = [*zip(*rows, strict=True)][: len(self._columns)]
        if not values:
            return self.sql, ()
        count = len(values[0])
        # A column that has to be there is left in, so that its NULL is refused as ever.
        given = tuple(
            column.count(None) < count or not self._columns[i].null for i, column in enumerate(values)
        )
        for i in self._flags:
            if given[i]:
                values[i] = tuple(map(_NUMBERS.get, values[i], values[i]))
        for i in self._documents:
            if given[i]:
                values[i] = _as_texts(values[i])
        if len(self._made) >= _MOST_STATEMENTS:  # whoever sends every set of columns there is
            self._made.clear()
        sql = self._made.get(given) or self._made.setdefault(given, self._sql(given))
        return sql, zip(*compress(values, given), strict=True)

    def _sql(self, given: tuple[bool, ...]) -> str:
        names = [f'"{column.column_name}"' for column in self._columns]
        into = [*compress(names, given)]
        if not any(map(_filler, self._columns)):
            marks = ", ".join("?" for _ in into)
            return f'INSERT INTO "{self._table}" ({", ".join(into)}) VALUES ({marks}) {self._conflict(names)}'  # noqa: S608  # only names of ours
        # Plain marks here too: numbered ones are looked up by name, which takes longer than the INSERT.
        sent = ", ".join(
            f"{'?' if is_given else 'NULL'} AS {name}" for name, is_given in zip(names, given, strict=True)
        )
        stored = ", ".join(
            f"COALESCE(sent.{name}, {_filler(column)})" if _filler(column) else f"sent.{name}"
            for name, column in zip(names, self._columns, strict=True)
        )
        return (
            f'INSERT INTO "{self._table}" ({", ".join(names)}) SELECT {stored}'  # noqa: S608  # only names of ours
            f" FROM (SELECT {sent}) AS sent WHERE true ON CONFLICT DO NOTHING"  # only names of ours
        )

    def _conflict(self, names: Sequence[str]) -> str:
        """What becomes of a row whose key is there. All columns are set: one that is left out is null."""
        if not self._replacing:
            return "ON CONFLICT DO NOTHING"
        key = f'"{self._replacing}"'
        values = ", ".join(f"{name} = excluded.{name}" for name in names if name != key)
        return f"ON CONFLICT ({key}) DO UPDATE SET {values}"


def _filler(column: Any) -> str:
    """SQL for what stands in a column that a record leaves open."""
    return getattr(column, "filled_by", "")


def _as_texts(documents: Sequence[Any]) -> list[str | None]:
    """As JSON. Records of one log share theirs, so that one object is looked at once."""
    made: dict[int, str | None] = {id(None): None}
    texts: list[str | None] = []
    for document in documents:
        key = id(document)
        if key not in made:
            made[key] = msgspec.json.encode(document).decode()
        texts.append(made[key])
    return texts


_NUMBERS: dict[Any, int] = {True: 1, False: 0}
