"""Hours whose rows were changed are rolled up once more: read over a connection that only reads.

The writer takes the finished rows, some at a time, and only while the hour and the position of its kind are
as they were when they were read; else it is read again, now or the next time. The mark of an hour goes
last, so that what is cut short is done from the beginning.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from collector.log import get_logger
from collector.orm import peewee
from collector.records.base import KINDS
from collector.store.database import raw
from collector.store.progress import position, rolled_up
from collector.store.replacing import Stop
from collector.store.retention import names
from collector.store.rollups import series
from collector.store.rollups.groups import Cell, Groups, delete, put
from collector.store.rollups.part import Part
from collector.store.rollups.sources import Source, source_of
from collector.store.rollups.tiers import FIVE_MINUTES, HOUR
from collector.store.rollups.widening import widen

if TYPE_CHECKING:
    from collector.sqlite import sqlite3

log = get_logger("rollups")

TRIES = 3
MOST_ROWS = 150  # that a step writes
MOST_SERIES = 8  # whose hours and days a step works out: 36 rows each are read
MOST_READ = 2_000  # rows that are held at a time

Step = Callable[["sqlite3.Connection"], Any]
Ask = Callable[[str, Step], Any]
# Column and key of a series.
Name = tuple[str, str]
T = TypeVar("T")


class Seen(NamedTuple):
    """An hour of a kind as it was read: its changes, and position of the kind and when it moved."""

    subject: str
    hour_ms: int
    changes: int | None
    position: int | None
    moved_ms: int | None

    @classmethod
    def now(cls, conn: sqlite3.Connection, subject: str, hour_ms: int) -> Seen:
        """As it is."""
        about = "SELECT changes FROM rollup_stale WHERE subject = ? AND timestamp = ?"
        changes = conn.execute(about, (subject, hour_ms)).fetchone()
        moved = "SELECT position, timestamp FROM upkeep_positions WHERE name = ?"
        place = conn.execute(moved, (rolled_up(subject),)).fetchone()
        return cls(subject, hour_ms, changes and changes[0], *(place or (None, None)))

    def holds(self, conn: sqlite3.Connection) -> bool:
        """Whether it is so still."""
        return Seen.now(conn, self.subject, self.hour_ms) == self


class _Moved(Exception):
    """What was read is old."""


def repair(database: peewee.SqliteDatabase, ask: Ask, stop: Stop) -> int:
    """Roll up all marked hours once more; how many. ``ask`` has the writer do a step and gives its result."""
    conn, done = raw(database), 0
    for subject, hour_ms in conn.execute("SELECT subject, timestamp FROM rollup_stale ORDER BY 2").fetchall():
        if stop():
            break
        done += _repaired(conn, ask, subject, hour_ms)
    return done


def _repaired(conn: sqlite3.Connection, ask: Ask, subject: str, hour_ms: int) -> bool:
    for _ in range(TRIES):
        try:
            _Hour(conn, ask, Seen.now(conn, subject, hour_ms)).repair()
        except _Moved:
            continue
        return True
    log.info("rollups.busy", kind=subject, hour=hour_ms)  # the next time
    return False


class _Hour:
    """One hour of one kind."""

    def __init__(self, conn: sqlite3.Connection, ask: Ask, seen: Seen) -> None:
        self._conn, self._ask, self._seen = conn, ask, seen

    def repair(self) -> None:
        """Its 5 minutes from the rows, then its hours and days from what is finer, then the mark goes."""
        source = source_of(KINDS[self._seen.subject].model) if self._seen.subject in KINDS else None
        if source is not None and self._seen.position is not None and self._are_all_there():
            for moment_ms in range(self._seen.hour_ms, self._seen.hour_ms + HOUR * 1000, FIVE_MINUTES * 1000):
                self._five_minutes(source, moment_ms)
            for numbers in _some(self._series(), MOST_SERIES):
                self._do(partial(widen, numbers, self._seen.hour_ms))
        self._do(self._unmark)

    def _are_all_there(self) -> bool:
        """Whether none of its rows is gone by age: then nothing better can be made than what there is."""
        cut = position(self._conn, names.cut(self._seen.subject))
        if cut is None or cut < self._seen.hour_ms:
            return True
        log.warning("rollups.rows_gone", kind=self._seen.subject, hour=self._seen.hour_ms)
        return False

    def _five_minutes(self, source: Source, moment_ms: int) -> None:
        """What is read is stored by series, of which several keys may have but one; the rest goes."""
        found: dict[Cell, Part] = {}
        for some in _some(self._read(source, moment_ms).items(), MOST_ROWS):
            numbers = self._do(partial(_numbers, source.name, [name for name, _ in some]))
            for number, (_, part) in zip(numbers, some, strict=True):
                found.setdefault((FIVE_MINUTES, moment_ms, number), Part()).add(part)
        for made in _some(found.items(), MOST_ROWS):
            self._do(partial(put, [(cell, part.row()) for cell, part in made]))
        for gone in _some(self._stored(moment_ms) - found.keys(), MOST_ROWS):
            self._do(partial(delete, gone))

    def _read(self, source: Source, moment_ms: int) -> dict[Name, Part]:
        """All rows of 5 minutes that were rolled up, some at a time."""
        parts: dict[Name, Part] = {}
        bounds = (moment_ms, moment_ms + FIVE_MINUTES * 1000, self._seen.position)
        rows, width = self._conn.execute(source.between, bounds), 2 + len(source.key)
        for some in _some(rows, MOST_READ):
            groups = Groups(source)
            for row in some:
                groups.add(row[1], row[2:width], row[width:])
            for column, key, _, part in groups.parts():
                parts.setdefault((column, key), Part()).add(part)
        return parts

    def _stored(self, moment_ms: int) -> set[Cell]:
        """The rollups that there are of 5 minutes."""
        found = self._conn.execute(
            "SELECT tier_s, rollups.timestamp, series_id FROM rollups JOIN series ON series.id = series_id"
            " WHERE tier_s = ? AND rollups.timestamp = ? AND subject = ?",
            (FIVE_MINUTES, moment_ms, self._seen.subject),
        )
        return {*found}

    def _series(self) -> list[int]:
        """All series that have something in the hour, or had."""
        hour_ms = self._seen.hour_ms
        found = self._conn.execute(
            "SELECT DISTINCT series_id FROM rollups JOIN series ON series.id = series_id WHERE subject = ?"
            " AND (tier_s = ? AND rollups.timestamp >= ? AND rollups.timestamp < ?"
            " OR tier_s = ? AND rollups.timestamp = ?)",
            (self._seen.subject, FIVE_MINUTES, hour_ms, hour_ms + HOUR * 1000, HOUR, hour_ms),
        )
        return [number for (number,) in found]

    def _do(self, step: Step) -> Any:
        """What the writer's step gives, if nothing has moved meanwhile; else raises _Moved."""

        def checked(conn: sqlite3.Connection) -> list[Any] | None:
            return [step(conn)] if self._seen.holds(conn) else None

        done = self._ask("rollups.repair", checked)
        if done is None:
            raise _Moved
        return done[0]

    def _unmark(self, conn: sqlite3.Connection) -> None:
        about = (self._seen.subject, self._seen.hour_ms)
        conn.execute("DELETE FROM rollup_stale WHERE subject = ? AND timestamp = ?", about)


def _numbers(subject: str, wanted: list[Name], conn: sqlite3.Connection) -> list[int]:
    """The numbers of series, which are made where there are none."""
    return [series.number(conn, subject, column, key) for column, key in wanted]


def _some(items: Iterable[T], count: int) -> Iterator[list[T]]:
    left = iter(items)
    while some := list(islice(left, count)):
        yield some
