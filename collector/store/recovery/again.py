"""The hours that are to be rolled up once more when all rows of a damaged database are taken over."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from typing import TYPE_CHECKING

from collector.store.progress import position, rolled_up
from collector.store.recovery.progress import Progress
from collector.store.rollups.sources import Source, sources
from collector.store.rollups.tiers import HOUR

if TYPE_CHECKING:
    from collector.sqlite import sqlite3

MOST_MARKS = 150  # a step
_MARK = (
    "INSERT INTO rollup_stale (subject, timestamp, changes) VALUES (?, ?, 1)"
    " ON CONFLICT DO UPDATE SET changes = changes + 1"
)

Mark = Callable[["sqlite3.Connection"], None]


def marks(conn: sqlite3.Connection, progress: Progress) -> list[Mark]:
    """Steps that mark them: of rows that were in no rollups yet, and where rollups were lost."""
    found = [(source.name, hour) for source in sources() for hour in sorted(_hours(conn, source, progress))]
    left = iter(found)
    return [_marking(some) for some in iter(lambda: list(islice(left, MOST_MARKS)), [])]


def _marking(hours: list[tuple[str, int]]) -> Mark:
    def step(conn: sqlite3.Connection) -> None:
        for subject, hour_ms in hours:
            if position(conn, rolled_up(subject)) is not None:
                conn.execute(_MARK, (subject, hour_ms))

    return step


def _hours(conn: sqlite3.Connection, source: Source, progress: Progress) -> set[int]:
    hour = f"{source.moment} / {HOUR * 1000} * {HOUR * 1000}"
    done, last = progress.rolled.get(source.name, (0, 0))
    found = conn.execute(
        f"SELECT DISTINCT {hour} FROM {source.tables} WHERE {source.place} > ? AND {source.place} <= ?",  # noqa: S608  # names of ours
        (done, last),
    )
    hours = {row[0] for row in found}
    before, tables = source.by_moment
    moment = source.moment
    for low, high in progress.ranges:
        found = conn.execute(
            f"{before} SELECT DISTINCT {hour} FROM {tables} WHERE {moment} >= ? AND {moment} < ?",  # noqa: S608  # the same
            (low, high),
        )
        hours |= {row[0] for row in found}
    return hours
