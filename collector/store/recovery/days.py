"""Days of rollups that were lost are made again of their hours.

Whoever rolls up an hour once more leaves a day alone that does not hold what its hours do: so it must.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from collector.store.recovery.progress import Progress
from collector.store.rollups.groups import find, put
from collector.store.rollups.part import Part
from collector.store.rollups.tiers import DAY, HOUR, begin

if TYPE_CHECKING:
    from collector.sqlite import sqlite3

MOST_DAYS = 8  # whose hours a step reads: 25 rows each
# Bound: the tier of hours, from when to before when, the tier of days.
_POORER = f"""
    SELECT day, hours.series_id FROM (
        SELECT timestamp / {DAY * 1000} * {DAY * 1000} AS day, series_id, sum("count") AS held FROM rollups
        WHERE tier_s = ? AND timestamp >= ? AND timestamp < ? GROUP BY 1, 2
    ) AS hours LEFT JOIN rollups AS whole
        ON whole.tier_s = ? AND whole.timestamp = day AND whole.series_id = hours.series_id
    WHERE coalesce(whole."count", 0) < held
"""  # noqa: S608  # only figures of ours

# When the day begins, and the series.
Day = tuple[int, int]


def days(conn: sqlite3.Connection, progress: Progress) -> list[Callable[[sqlite3.Connection], None]]:
    """Steps that make those again that hold less than their hours, near to rollups that were lost."""
    found: set[Day] = set()
    for low, high in progress.ranges:
        bound = (HOUR, begin(low, DAY), begin(min(high, 1 << 60), DAY) + DAY * 1000, DAY)
        found.update(conn.execute(_POORER, bound).fetchall())
    ordered = sorted(found)
    return [_making(ordered[at : at + MOST_DAYS]) for at in range(0, len(ordered), MOST_DAYS)]


def _making(some: list[Day]) -> Callable[[sqlite3.Connection], None]:
    def step(conn: sqlite3.Connection) -> None:
        for day_ms, number in some:
            _make(conn, day_ms, number)

    return step


def _make(conn: sqlite3.Connection, day_ms: int, number: int) -> None:
    part = Part()
    for moment_ms in range(day_ms, day_ms + DAY * 1000, HOUR * 1000):
        if (row := find(conn, (HOUR, moment_ms, number))) is not None:
            part.add_row(row)
    stored = find(conn, (DAY, day_ms, number))
    if part.count > (stored[0] if stored else 0):
        put([((DAY, day_ms, number), part.row())], conn)
