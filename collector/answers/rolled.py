"""What is known of one figure in any window: from days, hours and 5 minutes, and from rows at the edges.

A stretch of rollups that lies in the window is taken whole. One that an edge cuts is taken from the next
finer tier, and 5 minutes that an edge cuts from the rows themselves. What is not rolled up yet is read from
the rows too.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from collector import sketch
from collector.answers.rolled_window import Window
from collector.orm import select
from collector.sketch import Buckets
from collector.store.rollups.part import Part

if TYPE_CHECKING:
    from collector.orm import peewee


@dataclass(slots=True)
class Rolled:
    """Count, sum, bounds and sketch of one series in a window; in the unit of its column.

    ``exact``: it is of this window to the millisecond. Otherwise rows at an edge are gone by now, and the
    shortest stretch that is kept of them reaches over it.
    """

    count: int = 0
    total: float = 0.0
    low: float | None = None
    high: float | None = None
    buckets: Buckets = field(default_factory=dict)
    exact: bool = True

    @property
    def mean(self) -> float | None:
        """The mean of all values; None when there is none."""
        return self.total / self.count if self.count else None

    def percentile(self, fraction: float) -> float | None:
        """The value below which a ``fraction`` from 0 to 1 lies, within 1 %; None when there is none."""
        (found,) = sketch.percentiles(self.buckets, (fraction,))
        if found is None or self.low is None or self.high is None:
            return found
        return min(max(found, self.low), self.high)


def keys(database: peewee.SqliteDatabase, kind: str, column: str) -> list[str]:
    """The keys under which a column is rolled up, each as its JSON list, in order."""
    found = select(
        database, 'SELECT "key" FROM series WHERE subject = ? AND "column" = ? ORDER BY "key"', kind, column
    )
    return [key for (key,) in found]


def total(
    database: peewee.SqliteDatabase, kind: str, column: str, since_ms: int, until_ms: int, key: str = "[]"
) -> Rolled:
    """All values from ``since_ms`` to before ``until_ms``; with a count of 0 where nothing was recorded.

    Raises KeyError for a kind or column that is not rolled up.
    """
    found = _covered(database, kind, column, [since_ms, until_ms], key)
    return found.get(0, Rolled())


def stretches(
    database: peewee.SqliteDatabase,
    kind: str,
    column: str,
    since_ms: int,
    until_ms: int,
    step_ms: int,
    key: str = "[]",
) -> list[tuple[int, Rolled]]:
    """The same for each stretch of ``step_ms``, counted from ``since_ms``, with its first moment.

    A stretch in which nothing was recorded is left out, never interpolated. Stretches that begin with full
    5 minutes, hours or days cost least.
    """
    bounds = [*range(since_ms, until_ms, step_ms), until_ms]
    return [(bounds[i], found) for i, found in sorted(_covered(database, kind, column, bounds, key).items())]


def _covered(
    database: peewee.SqliteDatabase, kind: str, column: str, bounds: list[int], key: str
) -> dict[int, Rolled]:
    """What lies between each two bounds, by the number of the first one."""
    window = Window(database, kind, column, key, bounds)
    if bounds[0] < bounds[-1]:
        with database.atomic():  # rows are rolled up meanwhile: they are seen here or there, never in both
            window.read()
    return {i: _rolled(part, exact=i not in window.inexact) for i, part in window.parts.items()}


def _rolled(part: Part, *, exact: bool) -> Rolled:
    return Rolled(part.count, part.total, part.low, part.high, part.buckets, exact)
