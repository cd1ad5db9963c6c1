"""The machine over a window: each figure of each sampler, summed up."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from collector.answers import rolled
from collector.answers.timed import Row
from collector.records.base import KINDS
from collector.records.columns import Real, Timestamp, Whole

if TYPE_CHECKING:
    from collector.orm import peewee

# In the order in which people ask; processes have `collector why` and `show process`.
SUBJECTS = ("cpu", "pressure", "memory", "disk", "filesystem", "network", "sensor", "recorder")
FRACTIONS = (0.5, 0.95, 0.99)


def summed_up(database: peewee.SqliteDatabase, since_ms: int, until_ms: int) -> list[Row]:
    """One row a figure and device: subject, key, figure, unit, count, avg, min, max, p50, p95, p99.

    Each in the unit of its column. Figures without a value in the window are left out.
    """
    return [row for subject in SUBJECTS for row in _of(database, subject, since_ms, until_ms)]


def column_of(row: Row) -> Any:
    """The column that a row is about."""
    return next(c for c in KINDS[row["subject"]].columns if c.column_name == row["figure"])


def _of(database: peewee.SqliteDatabase, subject: str, since_ms: int, until_ms: int) -> Iterator[Row]:
    for column in KINDS[subject].columns:
        if not isinstance(column, (Real, Whole)) or isinstance(column, Timestamp):
            continue
        # In the first five minutes nothing is rolled up: figures without a key are there all the same.
        for key in rolled.keys(database, subject, column.column_name) or ["[]"]:
            found = rolled.total(database, subject, column.column_name, since_ms, until_ms, key)
            if found.count:
                yield _row(subject, key, column, found)


def _row(subject: str, key: str, column: Any, found: rolled.Rolled) -> Row:
    p50, p95, p99 = (found.percentile(fraction) for fraction in FRACTIONS)
    return {
        "subject": subject,
        "key": key,
        "figure": column.column_name,
        "unit": column.unit,
        "count": found.count,
        "avg": found.mean,
        "min": found.low,
        "max": found.high,
        "p50": p50,
        "p95": p95,
        "p99": p99,
    }
