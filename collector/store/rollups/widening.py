"""Hours made anew from their 5 minutes, and days from their hours."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from collector.log import get_logger
from collector.store.rollups.groups import Cell, delete, find, put
from collector.store.rollups.part import Part, Row
from collector.store.rollups.tiers import DAY, FIVE_MINUTES, HOUR, begin

if TYPE_CHECKING:
    from collector.sqlite import sqlite3

log = get_logger("rollups")


def widen(numbers: Iterable[int], hour_ms: int, conn: sqlite3.Connection) -> None:
    """Make an hour and its day anew of some series, both in one transaction: so they always fit together."""
    for number in numbers:
        _widen_one(conn, number, hour_ms)


def _widen_one(conn: sqlite3.Connection, number: int, hour_ms: int) -> None:
    day_ms = begin(hour_ms, DAY)
    hours = _rows(conn, number, HOUR, range(day_ms, day_ms + DAY * 1000, HOUR * 1000))
    day = find(conn, (DAY, day_ms, number))
    are_all = sum(row[0] for row in hours.values()) == (day[0] if day else 0)
    fine = _rows(conn, number, FIVE_MINUTES, range(hour_ms, hour_ms + HOUR * 1000, FIVE_MINUTES * 1000))
    hours.pop(hour_ms, None)
    if made := _store(conn, (HOUR, hour_ms, number), fine.values()):
        hours[hour_ms] = made
    if are_all:
        _store(conn, (DAY, day_ms, number), hours.values())
    else:  # some of its hours are gone by age
        log.warning("rollups.hours_gone", series=number, day=day_ms)


def _rows(conn: sqlite3.Connection, number: int, tier_s: int, moments: range) -> dict[int, Row]:
    found = ((moment_ms, find(conn, (tier_s, moment_ms, number))) for moment_ms in moments)
    return {moment_ms: row for moment_ms, row in found if row is not None}


def _store(conn: sqlite3.Connection, cell: Cell, rows: Iterable[Row]) -> Row | None:
    """Store what some rows are together; where there is none, what stands there goes."""
    part = Part()
    for row in rows:
        part.add_row(row)
    if not part.count:
        delete([cell], conn)
        return None
    made = part.row()
    put([(cell, made)], conn)
    return made
