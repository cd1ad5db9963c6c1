"""Rollups beside the rows they were made of, which may be gone meanwhile: worked out the long way."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import msgspec

from collector.records.base import KINDS
from collector.sqlite import sqlite3
from collector.store.database import transaction
from collector.store.progress import rolled_up
from collector.store.rollups.part import Part
from collector.store.rollups.rolling import Rollups
from collector.store.rollups.tiers import DAY, HOUR, TIERS_S, begin
from tests.faults.photo import Photo
from tests.store.rollups.world import WHAT, Cell

Row = dict[str, Any]


def roll_up(conn: sqlite3.Connection, now_ms: int) -> None:
    """All that is there, as the daemon does."""
    rollups, more = Rollups(), True
    while more:
        with transaction(conn):
            more = rollups.turn(now_ms)(conn)


class Rolled:
    """The rows and rollups of one kind in a photo, and what the upkeep has noted of it."""

    def __init__(self, photo: Photo, kind: str) -> None:
        self.kind, self._photo = kind, photo
        self._keys, self._columns = WHAT[kind]
        self._moment = str(KINDS[kind].moment)
        self._place = "timestamp" if KINDS[kind].is_sample else "id"
        positions = {row["name"]: row["position"] for row in self._all("upkeep_positions")}
        self.position: int = positions.get(rolled_up(kind), -1)
        self.marked = {row["timestamp"] for row in self._all("rollup_stale") if row["subject"] == kind}

    def rows(self) -> dict[int, Row]:
        """By their places: the numbers or the moments."""
        return {row[self._place]: row for row in self._all(KINDS[self.kind].table)}

    def moment(self, row: Row) -> int:
        """When it was, in ms."""
        return int(row[self._moment])

    def stored(self) -> dict[Cell, Part]:
        """The rollups."""
        names = {row["id"]: row for row in self._all("series") if row["subject"] == self.kind}
        found: dict[Cell, Part] = {}
        for row in self._all("rollups"):
            if (name := names.get(row["series_id"])) is not None:
                part = found[row["tier_s"], row["timestamp"], name["column"], name["key"]] = Part()
                part.add_row((row["count"], row["sum"], row["min"], row["max"], row["sketch"]))
        return found

    def expected(self, rows: Iterable[Row]) -> dict[Cell, list[float]]:
        """All values of each cell of these rows, sorted."""
        found: dict[Cell, list[float]] = defaultdict(list)
        for row in rows:
            key = msgspec.json.encode([row[name] for name in self._keys]).decode()
            for column in self._columns:
                if row[column] is not None:
                    for tier_s in TIERS_S:
                        found[tier_s, begin(self.moment(row), tier_s), column, key].append(row[column])
        return {cell: sorted(values) for cell, values in found.items()}

    def is_marked(self, cell: Cell) -> bool:
        """Whether it holds what was before a change, until it is rolled up once more."""
        tier_s, moment_ms = cell[:2]
        return any(
            begin(hour, max(tier_s, HOUR)) == begin(moment_ms, max(tier_s, HOUR)) for hour in self.marked
        )

    def _all(self, table: str) -> list[Row]:
        return [dict(row) for row in self._photo.rows[table].elements()]


def differs(part: Part, values: list[float]) -> bool:
    """Whether a rollup is not of these values."""
    exact = (part.count, part.low, part.high) == (len(values), values[0], values[-1])
    return not exact or not math.isclose(part.total, math.fsum(values), rel_tol=1e-9, abs_tol=1e-6)


def assert_sound(before: Photo, photo: Photo, kept_s: dict[int, float], rows_s: float, now_ms: int) -> None:
    """Rollups hold what ``before`` held up to their position, and nothing else went than what is old.

    ``kept_s``: the age of each tier but the days; ``rows_s``: that of rows.
    """
    for kind in WHAT:
        was, now = Rolled(before, kind), Rolled(photo, kind)
        rows = was.rows()
        should = now.expected(row for place, row in rows.items() if place <= now.position)
        ours = {key for *_, key in was.expected(rows.values())}  # and not what clients sent meanwhile
        stored = {cell: part for cell, part in now.stored().items() if cell[-1] in ours}
        wrong = [
            c
            for c, part in stored.items()
            if not now.is_marked(c) and (c not in should or differs(part, should[c]))
        ]
        assert not wrong, (
            f"rollups of {kind} that the rows do not say: {wrong[:3]}, {len(wrong)} of {len(stored)}"
        )
        lost = [
            c for c in should.keys() - stored.keys() if not now.is_marked(c) and _is_young(c, kept_s, now_ms)
        ]
        assert not lost, f"rollups of {kind} are missing: {lost[:3]}, {len(lost)} of {len(should)}"
        gone = [row | {"place": place} for place, row in rows.items() if place not in now.rows()]
        early = [
            row for row in gone if row["place"] > now.position or was.moment(row) >= now_ms - rows_s * 1000
        ]
        assert not early, f"{len(early)} rows of {kind} went too early: {early[0]}"
        unsafe = [row for row in gone if now.marked and was.moment(row) >= min(now.marked)]
        assert not unsafe, f"{len(unsafe)} rows of {kind} went before their hour was rolled up once more"


def assert_finished(photo: Photo, kept_s: dict[int, float], rows_s: float, now_ms: int) -> None:
    """Nothing is left to be done: all is rolled up, no hour is marked, and what is old is gone."""
    for kind in WHAT:
        now = Rolled(photo, kind)
        assert not now.marked, f"hours of {kind} are still marked"
        old = [row for row in now.rows().values() if now.moment(row) < now_ms - rows_s * 1000]
        assert not old, f"{len(old)} old rows of {kind} are still there"
        tiers = [c for c in now.stored() if c[0] != DAY and not _is_young(c, kept_s, now_ms)]
        assert not tiers, f"old rollups of {kind} are still there: {tiers[:3]}"


def _is_young(cell: Cell, kept_s: dict[int, float], now_ms: int) -> bool:
    tier_s, moment_ms = cell[:2]
    return tier_s not in kept_s or moment_ms + tier_s * 1000 > now_ms - kept_s[tier_s] * 1000
