"""What the machine did in a stretch of time, each figure beside what is usual at that hour."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from collector.answers import rolled
from collector.answers.timed import Row, ask_sql
from collector.answers.usual.measures import SAMPLED, Sampled
from collector.answers.usual.normal import Measure, Range, of_stretches, stands_out

if TYPE_CHECKING:
    from collector.orm import peewee

# A sample tells of the time before it, so the first one after a short stretch tells of that, too.
NEAR_MS = 60_000
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
DAYS = 7
# Of fewer days than this the hours before say more.
LEAST_DAYS = 3
# Where rows are gone by now, what is left of them is no finer than this.
FINEST_MS = 300_000


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of time, from after ``from_ms`` up to ``to_ms``."""

    from_ms: int
    to_ms: int


def figure_row(measure: Measure, value: float | None, usual: Range | None, name: str = "") -> Row:
    """A figure as the answer has it: ``name`` tells it from all others, ``label`` is for people."""
    return {
        "name": name or measure.name,
        "label": measure.label,
        "unit": measure.unit,
        "value": value,
        "low": usual.low if usual else None,
        "median": usual.median if usual else None,
        "high": usual.high if usual else None,
        "values": usual.count if usual else 0,
        "stands_out": stands_out(measure, value, usual),
        "concern": measure.concern,
        "basic": measure.basic,
        "why": None,
    }


def figures(
    database: peewee.SqliteDatabase, window: Window, left_out: Collection[str] = ()
) -> tuple[list[Row], list[str]]:
    """Every sampled figure of the window but those ``left_out``, and the kinds that have no sample there."""
    found: list[Row] = []
    missing = []
    for sampled in SAMPLED:
        rows = during(database, sampled, window)
        if not rows:
            missing.append(sampled.kind)
        for row in rows:
            found.extend(_of_device(database, sampled, row, window, left_out))
    return found, missing


def _of_device(
    database: peewee.SqliteDatabase, sampled: Sampled, row: Row, window: Window, left_out: Collection[str]
) -> Iterator[Row]:
    device = row.get("device")
    key = "[]" if device is None else msgspec.json.encode([device]).decode()
    for measure in sampled.measures:
        name = f"{sampled.kind}.{measure.name}"
        if name in left_out or row[measure.name] is None:
            continue
        usual = usual_then(database, sampled.kind, measure.name, window.from_ms, key)
        made = figure_row(measure, row[measure.name], usual, name if device is None else f"{name}.{device}")
        yield made if device is None else made | {"label": f"{device} {measure.label}"}


def during(database: peewee.SqliteDatabase, sampled: Sampled, window: Window) -> list[Row]:
    """The mean of each figure in the window, a row a device.

    Of a window between two samples it is what the next one tells, or the one before where none is near.
    """
    if found := _means(database, sampled, window.from_ms, window.to_ms):
        return found
    near = nearest(database, sampled.table, window)
    if near is not None:
        return _means(database, sampled, near - 1, near)
    return _kept(database, sampled, window) if not sampled.key else []


def _means(database: peewee.SqliteDatabase, sampled: Sampled, from_ms: int, to_ms: int) -> list[Row]:
    columns = ", ".join(f'avg("{measure.name}") AS "{measure.name}"' for measure in sampled.measures)
    device, group = (f', "{sampled.key}" AS device', "GROUP BY device") if sampled.key else ("", "")
    sql = f"""
        SELECT {columns}, count(*) AS samples{device} FROM {sampled.table}
        WHERE timestamp > ? AND timestamp <= ? {group}
        """  # noqa: S608  # only names of ours
    rows = ask_sql(database, f"why.{sampled.kind}", sql, from_ms, to_ms)
    return [row for row in rows if row["samples"]]


def nearest(database: peewee.SqliteDatabase, table: str, window: Window) -> int | None:
    """When the nearest sample was taken: the first after the window, else the last before it."""
    sql = f"""
        SELECT
        (SELECT min(timestamp) FROM {table} WHERE timestamp > ?1 AND timestamp <= ?1 + {NEAR_MS}) AS next,
        (SELECT max(timestamp) FROM {table} WHERE timestamp <= ?2 AND timestamp > ?2 - {NEAR_MS}) AS last
        """  # noqa: S608  # only names of ours
    (row,) = ask_sql(database, "why.nearest", sql, window.to_ms, window.from_ms)
    found: int | None = row["next"] if row["next"] is not None else row["last"]
    return found


def _kept(database: peewee.SqliteDatabase, sampled: Sampled, window: Window) -> list[Row]:
    """What rollups still have of a window whose rows are gone; nothing where they have nothing."""
    start = window.from_ms - window.from_ms % FINEST_MS
    end = window.to_ms - window.to_ms % FINEST_MS + FINEST_MS
    found: dict[str, Any] = {
        measure.name: rolled.total(database, sampled.kind, measure.name, start, end).mean
        for measure in sampled.measures
    }
    return [found] if any(value is not None for value in found.values()) else []


def usual_then(
    database: peewee.SqliteDatabase, kind: str, column: str, at_ms: int, key: str = "[]"
) -> Range | None:
    """What is usual at this hour of the day, of the last 7 days; where they lack, in the 24 hours before."""
    hour = at_ms - at_ms % HOUR_MS
    days = [
        found
        for day in range(1, DAYS + 1)
        if (found := _hour(database, kind, column, hour - day * DAY_MS, key)).count
    ]
    if len(days) >= LEAST_DAYS:
        return of_stretches(days)
    before = rolled.total(database, kind, column, hour + HOUR_MS - DAY_MS, at_ms, key)
    return of_stretches([before])


def _hour(database: peewee.SqliteDatabase, kind: str, column: str, at_ms: int, key: str) -> rolled.Rolled:
    return rolled.total(database, kind, column, at_ms, at_ms + HOUR_MS, key)
