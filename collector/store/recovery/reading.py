"""Reads what can be read of a damaged file, from both ends of each stretch towards the damage in it.

Where both ends are damaged a stretch is cut in two at the middle of its keys, as long as that brings rows
to light: what cannot be read in the end are the damaged pages, and little else. Nothing is written.
"""

from __future__ import annotations

from functools import cached_property, partial
from pathlib import Path
from typing import Any

from collector.sqlite import sqlite3
from collector.store.failures import classify
from collector.store.recovery.ends import WIDEST_GAP, believable, outermost
from collector.store.recovery.mended import remove
from collector.store.recovery.opening import Unread, connected, is_damage, read_better
from collector.store.recovery.spans import LAST, Portion, Row, Span, behind, follows, names, select
from collector.store.recovery.walks import Walk, walk_of

# A stretch is cut in two so often in a row without a row coming to light: some 2,000 looks for a dead one.
MOST_CUTS = 10
# Texts and bytes of the rows that are held at once.
MOST_BYTES = 1 << 18

_ERRORS = (sqlite3.Error, UnicodeDecodeError)
# Positions of the rollups of samples are moments too.
_TELLING = {
    "upkeep_position": "SELECT position FROM upkeep_positions WHERE name >= 'rollup ' AND name < 'rollup!'",
    "session": "SELECT start_ms, end_ms FROM recorder_sessions ORDER BY id DESC LIMIT 1000",
}


class Lying:
    """A database that was set aside, its log included. Opening and reading it raise Unread.

    A disk that fails may do so for a while only. With ``gives_up`` what it does not give is damaged.
    """

    # Tests put another kind in its place: nothing makes the kernel fail a single read of a real file.
    connection = sqlite3.Connection

    def __init__(self, path: Path, *, gives_up: bool = False) -> None:
        self._path, self.gives_up = path, gives_up
        self._ceilings: dict[str, int] = {}
        self._mended = read_better(path, gives_up=gives_up)
        try:
            self._conn = connected(self._mended.name or path, self.connection)
        except sqlite3.Error as error:
            self._remove()
            raise Unread(path, error, passes=not self._is_lost(error)) from error

    def close(self) -> None:
        """Close it."""
        self._conn.close()
        self._remove()

    def _remove(self) -> None:
        if self._mended.name is not None:
            remove(self._mended.name)

    def __enter__(self) -> Lying:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def of(self, walk: Walk) -> Walk | None:
        """The walk through what this file has of a table; None when it has no such table."""
        columns = {row[1] for row in self._some(f'PRAGMA table_info("{walk.table}")') or ()}
        return walk.known_to(columns) if {*walk.key} <= columns | {"rowid"} and columns else None

    def read(self, walk: Walk, span: Span, most: int) -> Portion:
        """Some rows of a span, but for those with keys that cannot be."""
        portion = self._read(walk, span, most)
        rows = portion.rows
        if walk.is_by_text or not rows or self._are_believed(walk, rows):
            return portion
        left = [row for row in rows if self._are_believed(walk, [row])]
        return portion._replace(rows=left, refused=len(rows) - len(left))

    def _read(self, walk: Walk, span: Span, most: int) -> Portion:
        if span.top and span.bottom:
            return self._cut(walk, span)
        down = not span.top
        rows, is_over = self._rows(walk, span, most, down=down)
        span = behind(walk, span, rows, down=down)
        if is_over is None and most > 1:
            # The library looks for the next row before it gives one, and has kept the last for itself.
            more, _ = self._rows(walk, span, 1, down=down)
            span = behind(walk, span, more, down=down)
            rows += more
        if is_over:
            return Portion(rows, [])
        if is_over is None:
            span = span._replace(top=True) if down else span._replace(bottom=True)
        return Portion(rows, [span])

    def is_schema_whole(self) -> bool:
        """Whether all that the file says of its tables can be read."""
        try:
            self._conn.execute("SELECT type, name, sql FROM sqlite_master").fetchall()
        except _ERRORS as error:
            self._excuse(error)
            return False
        return self._mended.is_schema_whole

    def one(self, walk: Walk, column: str, value: object) -> Row | None:
        """The row in which a column has a value; None where there is none that can be read."""
        for how in ("", "NOT INDEXED"):  # an index may be damaged, or lost
            sql = f'SELECT {names(walk.columns)} FROM "{walk.table}" {how} WHERE "{column}" = ?'  # noqa: S608  # names of ours
            if (rows := self._some(sql, value)) is not None:
                return rows[0] if rows else None
        return None

    def largest(self, walk: Walk) -> int | None:
        """The largest key of a table that can be read and believed; None when there is none."""
        last = self._outermost(walk, top=True)
        return believable(partial(self._next, walk), last) if walk.is_numbered else last

    def _are_believed(self, walk: Walk, rows: list[Row]) -> bool:
        """Whether the keys of rows, which are in order, can be."""
        place = walk.columns.index(walk.key[0])
        keys = rows[0][place], rows[-1][place]
        most = max(keys)
        return bool(min(keys) >= 0 and (most <= WIDEST_GAP or most <= self._ceiling(walk)))

    def _ceiling(self, walk: Walk) -> int:
        if walk.name not in self._ceilings:
            last = self._outermost(walk, top=True) if walk.is_numbered else None
            believed = believable(partial(self._next, walk), last)
            # Where no key is out of the way, rows may still lie behind the last one that was found.
            self._ceilings[walk.name] = LAST if believed is None or believed == last else believed
        return self._ceilings[walk.name]

    def _rows(self, walk: Walk, span: Span, most: int, *, down: bool) -> tuple[list[Row], bool | None]:
        """Rows from one end on, and whether these are all; None when there is damage behind the last."""
        sql, bound = select(walk, walk.columns, span.low, span.high, down=down)
        rows: list[Row] = []
        size = 0
        before = span.high if down else span.low
        places = [walk.columns.index(name) for name in walk.key]
        try:
            for row in self._conn.execute(f"{sql} LIMIT {most}", bound):
                key = tuple([row[place] for place in places])
                if not walk.fits(key) or not follows(key, before, down=down):
                    return rows, None  # a page of another place or table: no way to go on from here
                before = key
                rows.append(row)
                size += sum(len(value) for value in row if isinstance(value, (str, bytes)))
                if size > MOST_BYTES:
                    return rows, False
        except _ERRORS as error:
            self._excuse(error)
            return rows, None
        return rows, len(rows) < most

    def _cut(self, walk: Walk, span: Span) -> Portion:
        """Two spans in place of one that can be read from neither end."""
        if walk.is_by_text:
            return Portion([], [], lost=True)
        if span.high is None or span.low is None:
            return self._without_ends(walk, span)
        low, high = span.low[0], span.high[0]
        nearest = 2 if len(walk.key) == 1 else 1
        if high - low <= nearest or span.cuts >= MOST_CUTS:
            return Portion([], [], lost=high - low >= nearest)
        middle, cuts = (low + high) // 2, span.cuts + 1
        below = Span(span.low, (middle,), bottom=True, cuts=cuts)
        above = Span((middle - 1,), span.high, top=True, cuts=cuts)
        return Portion([], [below, above])

    def _without_ends(self, walk: Walk, span: Span) -> Portion:
        """What lies between the outermost rows that can be read; what is outside of them is lost."""
        low, high = span.low, span.high
        if high is None:
            last = self._outermost(walk, top=True)
            high = None if last is None else (last + 1,)
        if low is None:
            first = self._outermost(walk, top=False)
            low = None if first is None else (first - 1,)
        if low is None or high is None or low[0] >= high[0]:
            return Portion([], [], lost=True)
        left = Span(low, high, top=span.high is not None, bottom=span.low is not None)
        return Portion([], [left], lost=True)

    def _outermost(self, walk: Walk, *, top: bool) -> int | None:
        """The first number of the outermost key that can be read."""
        return outermost(partial(self._next, walk), self._moments if walk.has_moments else (), top=top)

    def _next(self, walk: Walk, number: int, down: bool) -> tuple[int | None, bool]:
        """The first number from one on, itself included; whether that could be read."""
        low = None if down else (number - 1,)
        high = (number + 1,) if down else None
        sql, bound = select(walk, walk.key[:1], low, high, down=down)
        rows = self._some(f"{sql} LIMIT 1", *bound)
        if not rows:
            return None, rows is not None
        found = rows[0][0]
        if not isinstance(found, int):
            return None, False
        return (found if 0 <= found <= LAST else None), True

    def _some(self, sql: str, *bound: Any) -> list[Row] | None:
        """What a statement finds; None where that cannot be read."""
        try:
            return self._conn.execute(sql, bound).fetchall()
        except _ERRORS as error:
            self._excuse(error)
            return None

    def _excuse(self, error: Exception) -> None:
        """Nothing where rows are lost; raises Unread where another try may read them."""
        if not self._is_lost(error):
            raise Unread(self._path, error) from error

    def _is_lost(self, error: Exception) -> bool:
        return is_damage(error) or (self.gives_up and classify(error) != "busy")

    @cached_property
    def _moments(self) -> set[int]:
        """When something was recorded, as far as other tables tell: places to look for samples."""
        found = [
            self._some(sql) or [] for name, sql in _TELLING.items() if self.of(walk_of(name)) is not None
        ]
        return {moment for rows in found for row in rows for moment in row if isinstance(moment, int)}
