"""What of the old database must be in the new one before anything is recorded into it.

Of each table of numbered rows that is the last row: new ones then get numbers above all old ones, and
whatever counts by numbers (rollups, references, the look for changes) stays right.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from collector.log import get_logger
from collector.records.base import KINDS_BY_MODEL, Reference
from collector.store.progress import move, position, rolled_up
from collector.store.recovery.opening import Unread
from collector.store.recovery.progress import Progress
from collector.store.recovery.reading import Lying
from collector.store.recovery.spans import Row, Span
from collector.store.recovery.taking import take
from collector.store.recovery.walks import FIRST, SOON, Walk, walk_of, walks
from collector.store.rollups.sources import Source, sources
from collector.store.rollups.stale import settle

if TYPE_CHECKING:
    from collector.sqlite import sqlite3 as sqlite

log = get_logger("salvage")

# What is small is taken over whole, as long as that takes no longer.
SECONDS = 0.7
MOST_ROWS = 500
# So many rows at the end of a table may be such that the new one refuses them: those whose owners stood on a
# few damaged pages, some 90 on each. They are tried no longer than `SECONDS`.
MOST_TRIES = 1000


class First:
    """Takes it over into ``conn``, in the transaction of the caller; ``saved`` counts the rows.

    Raises what storing raises. Where the old file cannot be read, that is left for later.
    """

    def __init__(self, conn: sqlite.Connection, progress: Progress, now_ms: int) -> None:
        self._conn, self._progress, self._now_ms = conn, progress, now_ms
        self.saved = 0

    def take(self, path: Path) -> None:
        """All of it, from the database that lies at ``path``."""
        end = time.monotonic() + SECONDS
        try:
            with Lying(path, gives_up=True) as lying:  # nothing of this can be had later
                self._whole(lying, FIRST, float("inf"))
                self._ends(lying)
                lying.gives_up = False
                self._whole(lying, SOON, end)
        except Unread as error:
            log.warning("salvage.put_off", file=path.name, error=str(error))

    def _whole(self, lying: Lying, names: Iterable[str], end: float) -> None:
        for name in names:
            walk, through = walk_of(name), self._progress.of(walk_of(name))
            known = lying.of(walk)
            while known is not None and through.left and time.monotonic() < end:
                span = through.left[-1]
                portion = lying.read(known, span, MOST_ROWS)
                through.left[-1:] = portion.left
                through.refused += portion.refused
                if portion.lost:
                    self._progress.lose(walk, span)
                if portion.rows:
                    self._store(known, portion.rows)

    def _store(self, walk: Walk, rows: list[Row]) -> int:
        taken = take(self._conn, walk, rows, self._progress)
        self._progress.of(walk).refused += taken.refused
        self.saved += taken.saved
        return taken.saved

    def _ends(self, lying: Lying) -> None:
        """The last rows, the number of the last series, and how far rows were rolled up."""
        ((self._progress.series,),) = self._conn.execute("SELECT coalesce(max(id), 0) FROM series").fetchall()
        for walk in walks():
            known = lying.of(walk) if walk.is_numbered else None
            if known is not None:
                self._last_row(lying, known)
        for source in sources():
            if lying.of(walk_of(source.name)) is not None:
                self._rolled(lying, source)

    def _last_row(self, lying: Lying, walk: Walk) -> None:
        number = lying.largest(walk)
        if number is None:
            return
        # Asked for alone, since on the way from above to it there may be damage.
        row = lying.one(walk, walk.key[0], number)
        before = lying.read(walk, Span(high=(number,)), MOST_TRIES).rows
        end = time.monotonic() + SECONDS
        for each in [row, *before] if row is not None else before:
            self._owner(lying, walk, each)
            taken = take(self._conn, walk, [each], self._progress)
            self.saved += taken.saved
            if not taken.refused or time.monotonic() > end:
                return

    def _owner(self, lying: Lying, walk: Walk, row: Row) -> None:
        """The row that another belongs to has to be there before it."""
        for column in walk.kind.columns:
            if isinstance(column, Reference):
                owner: Any = walk_of(KINDS_BY_MODEL[column.rel_model].name)
                value = row[walk.columns.index(column.column_name)]
                found = lying.one(owner, column.rel_field.column_name, value)
                if found is not None:
                    self.saved += take(self._conn, owner, [found], self._progress).saved

    def _rolled(self, lying: Lying, source: Source) -> None:
        """What the position of a kind says of the rows there are."""
        last = lying.largest(walk_of(source.name))
        if last is None:
            return
        done = position(self._conn, rolled_up(source.name))
        self._progress.rolled[source.name] = (-1 if done is None else done, last)
        positions = self._progress.of(walk_of("upkeep_position"))
        if done is None and (positions.left or positions.stretches):
            # All may be in the rollups, so none is counted a second time; all are rolled up anew in the end.
            move(self._conn, rolled_up(source.name), last, self._now_ms)
        elif not source.kind.is_sample:
            settle(self._conn, source.kind)  # the numbers of lost rows are given once more
