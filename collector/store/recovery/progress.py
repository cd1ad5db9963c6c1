"""How far the salvage of one database has come: stored with the rows, in the transaction that stores them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from collector.records.recovery import LONGEST_DETAIL
from collector.store.recovery.spans import LAST, Span
from collector.store.recovery.walks import Walk

if TYPE_CHECKING:
    from collector.sqlite import sqlite3

# Stretches of time that are rolled up once more; if there are more, the last ones are taken as one.
MOST_RANGES = 50

# From a moment to before another, in ms.
Range = tuple[int, int]


class Through(msgspec.Struct):
    """One walk: what is left of it, how many stretches were lost, how many rows could not be stored."""

    left: list[Span] = msgspec.field(default_factory=lambda: [Span()])
    stretches: int = 0
    refused: int = 0
    lost_from: int | None = None

    def lose(self, span: Span) -> None:
        """Nothing more can be read of a span; what lies side by side is one stretch."""
        low = span.low[0] if span.low and isinstance(span.low[0], int) else None
        high = span.high[0] if span.high and isinstance(span.high[0], int) else None
        if self.lost_from is None or high is None or high < self.lost_from or high > self.lost_from + 1:
            self.stretches += 1
        self.lost_from = low

    def end(self, *, is_lost: bool) -> None:
        """Nothing more comes of it; what was left is lost, or was never there."""
        self.stretches += bool(self.left) and is_lost
        self.left = []


class Progress(msgspec.Struct):
    """All walks that have begun, by name, and what is to be done when all are through.

    ``rolled`` says of each kind up to which place its rows were in the rollups, and which was the last one
    there was: what lies between is rolled up once more. So are the ``ranges`` whose rollups were lost.
    ``series``: the largest number of a series that was taken over, and that means here what it meant there.
    ``failures``: how often the disk did not let the file be read.
    """

    walks: dict[str, Through] = msgspec.field(default_factory=dict)
    rolled: dict[str, tuple[int, int]] = msgspec.field(default_factory=dict)
    ranges: list[Range] = msgspec.field(default_factory=list)
    series: int = 0
    failures: int = 0

    def of(self, walk: Walk) -> Through:
        """Of one walk; it begins with the whole table."""
        return self.walks.setdefault(walk.name, Through())

    def lose(self, walk: Walk, span: Span) -> None:
        """Nothing more can be read of a span."""
        self.of(walk).lose(span)
        if walk.fixed is not None:
            # Keys of garbage may be such that no statement takes what is added to them.
            low = max(span.low[0], 0) if span.low else 0
            high = min(span.high[0], LAST) if span.high else LAST
            self.again(low, high + walk.fixed * 1000)

    def again(self, low: int, high: int) -> None:
        """Rollups of this time are lost. Times come in falling order, so those that touch are neighbours."""
        last = self.ranges[-1] if self.ranges else None
        if last is not None and (_touch(last, (low, high)) or len(self.ranges) >= MOST_RANGES):
            self.ranges.pop()
            low, high = min(low, last[0]), max(high, last[1])
        self.ranges.append((low, high))

    def lost(self) -> dict[str, dict[str, int]]:
        """Stretches and rows that were lost, by table; those of which nothing was are left out."""
        found: dict[str, dict[str, int]] = {}
        for name, through in self.walks.items():
            if through.stretches or through.refused:
                counts = found.setdefault(name.partition(" ")[0], {"stretches": 0, "rows": 0})
                counts["stretches"] += through.stretches
                counts["rows"] += through.refused
        return found


class Salvage(NamedTuple):
    """A recovery that goes on: its number, how far it has come, and how many rows were saved by then."""

    number: int
    progress: Progress
    saved: int


def _touch(one: Range, other: Range) -> bool:
    return one[0] <= other[1] and other[0] <= one[1]


def load(conn: sqlite3.Connection, aside: str) -> Salvage | None:
    """The salvage of the file with this name that goes on; None when there is none."""
    row = conn.execute(
        "SELECT id, progress, rows_saved FROM recoveries WHERE aside = ? AND finished_ms IS NULL"
        " ORDER BY id DESC",
        (aside,),
    ).fetchone()
    return None if row is None else Salvage(row[0], parsed(row[1]), row[2])


def parsed(text: str | None) -> Progress:
    """As it was stored; what cannot be read is begun anew."""
    try:
        return msgspec.json.decode(text or "{}", type=Progress)
    except ValueError:
        return Progress()


def dumped(progress: Progress) -> str:
    """As it is stored."""
    return msgspec.json.encode(progress).decode()


def save(conn: sqlite3.Connection, salvage: Salvage, saved: int) -> None:
    """Note it, and that so many rows more were taken over."""
    conn.execute(
        "UPDATE recoveries SET rows_saved = rows_saved + ?, progress = ? WHERE id = ?",
        (saved, dumped(salvage.progress), salvage.number),
    )


def finish(conn: sqlite3.Connection, salvage: Salvage, now_ms: int, more: str = "") -> None:
    """It is over; ``more`` is added to the words about it."""
    left = salvage.progress.lost()
    ((detail,),) = conn.execute("SELECT detail FROM recoveries WHERE id = ?", (salvage.number,)).fetchall()
    detail = "; ".join(filter(None, (detail, more)))
    conn.execute(
        'UPDATE recoveries SET finished_ms = max(?, timestamp), progress = NULL, "left" = ?,'
        " detail = ? WHERE id = ?",
        (now_ms, json.dumps(left) if left else None, detail[:LONGEST_DETAIL], salvage.number),
    )
