"""Gathers the machine's own samples around the runs, where the runs do not know its state."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

from collector.answers.causes.gathered import Gathered, Values
from collector.answers.causes.memory import FLOOR_PERCENT
from collector.answers.causes.move import FEWEST, median
from collector.answers.rolled import total
from collector.answers.subjects import Point

if TYPE_CHECKING:
    from collector.orm import peewee

# More would settle nothing, and each is a question of its own to the rollups.
NEAREST = 12
# As far as a sample counts as near to what was reported (`records.inference`).
NEAR_MS = 60_000
LONGEST_MS = 3_600_000

# Columns of `Run`, and what stands for them in samples.
COLUMNS = {
    "busy_percent": ("cpu", "busy_percent"),
    "frequency_mhz": ("cpu", "frequency_mhz"),
    "cpu_some_percent": ("pressure", "cpu_some_percent"),
    "memory_some_percent": ("pressure", "memory_some_percent"),
    "io_some_percent": ("pressure", "io_some_percent"),
    "available_bytes": ("memory", "available_bytes"),
    "temperature_celsius": ("sensor", "temperature_celsius"),
}
MAINS = ("sensor", "on_mains")
SWAP = ("swap_in_bytes_per_s", "swap_out_bytes_per_s")


def samples(
    database: peewee.SqliteDatabase, gathered: Gathered, before: Sequence[Point], after: Sequence[Point]
) -> Gathered:
    """``gathered`` with what is missing in its runs; swap is asked for only where memory may be short."""
    windows = _windows(before[-NEAREST:]), _windows(after[:NEAREST])
    # Runs that know one know all that this machine tells.
    are_aware = min(map(len, gathered.values("busy_percent"))) >= FEWEST
    found: dict[str, Values] = {
        column: (_means(database, *source, windows[0]), _means(database, *source, windows[1]))
        for column, source in COLUMNS.items()
        if not are_aware
    }
    if not are_aware:
        was, now = ([1.0 - mains for mains in _means(database, *MAINS, side)] for side in windows)
        found["on_battery"] = was, now
    filled = replace(gathered, samples=found)
    if filled.move("memory_some_percent", FLOOR_PERCENT).moved is False:
        return filled
    return replace(filled, samples={**found, "swap_bytes_per_s": _swap(database, windows)})


def _swap(database: peewee.SqliteDatabase, windows: tuple[list[tuple[int, int]], ...]) -> Values:
    read, written = ([_means(database, "memory", column, side) for side in windows] for column in SWAP)
    before, after = (
        [a + b for a, b in zip(*sides, strict=False)] for sides in zip(read, written, strict=True)
    )
    return before, after


def _means(
    database: peewee.SqliteDatabase, kind: str, column: str, windows: Sequence[tuple[int, int]]
) -> list[float]:
    """The mean in each window in which there was a sample."""
    means = (total(database, kind, column, *window).mean for window in windows)
    return [mean for mean in means if mean is not None]


def _windows(points: Sequence[Point]) -> list[tuple[int, int]]:
    """The time of each: a minute around what is one run, all of it where a point is a stretch of many."""
    gaps = [later.timestamp - earlier.timestamp for earlier, later in pairwise(points)]
    stretch = min(LONGEST_MS, round(median(gaps))) if gaps else NEAR_MS
    return [
        (point.timestamp - NEAR_MS, point.timestamp + NEAR_MS)
        if point.rows == 1
        else (point.timestamp, point.timestamp + stretch)
        for point in points
    ]
