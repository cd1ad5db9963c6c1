"""What goes when all files together are larger than the cap, the least dear first and the oldest of it.

Raw samples, then five minutes of rollups, then runs and what applications reported, then hours of
rollups. The last hour stays of each, and alerts, changes, gaps and sessions stay whole. Days are promised
for ever; only when nothing else is left to go, those do that hold a single value of something reported,
which an application that names each call differently leaves by the thousand.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

from collector.store.retention import names
from collector.store.retention.arrived import Missing, OldestArrived
from collector.store.retention.rows import HOUR_MS, LOOK, Rows
from collector.store.retention.rules import Rule
from collector.store.retention.sizes import SET_ASIDE, is_crowded
from collector.store.retention.tiers import AGES, DAY_S, Tier

if TYPE_CHECKING:
    from pathlib import Path

    from collector.sqlite import sqlite3
    from collector.store.retention.aged import Walk

# How much below the cap it goes on, so that it does not begin again at once.
LOW_SHARE = 0.95
# Of one kind not more than so much goes before it is looked again which kind has the oldest rows.
SLICE_MS = 6 * HOUR_MS
_SINGLE_DAYS = """
    SELECT timestamp, series_id, "count" = 1 AND "key" != '[]' AND subject IN (SELECT value FROM json_each(?))
    FROM rollups JOIN series ON series.id = series_id
    WHERE tier_s = ? AND (timestamp, series_id) > (?, ?) AND timestamp < ?
    ORDER BY timestamp, series_id LIMIT ?
"""


class OldestSamples:
    """Samples, each time of the kind that has the oldest, until all fits."""

    def __init__(self, rules: list[Rule], now_ms: int, missing: Missing) -> None:
        self.name, self.done = "samples", False
        self._rows = [Rows(rule, now_ms - HOUR_MS) for rule in rules]
        self._now_ms, self._missing = now_ms, missing

    def step(self, conn: sqlite3.Connection, count: int) -> int:
        """Delete some of the oldest."""
        some = self._rows if self._missing(conn) else []
        heads = [(found[0][0], rows.rule) for rows in some if (found := rows.oldest(conn, 1))]
        if not heads:
            self.done = True
            return 0
        moment, rule = min(heads, key=lambda head: head[0])
        rows = Rows(rule, min(moment + SLICE_MS, self._now_ms - HOUR_MS))
        found = rows.oldest(conn, count)
        names.raise_to(conn, names.capped(rule.name), found[-1][0], self._now_ms)
        return rows.delete(conn, found, self._now_ms)


class OldestOfTier:
    """Rollups of one tier, until all fits."""

    def __init__(self, seconds: int, now_ms: int, missing: Missing) -> None:
        self._tier = Tier(seconds, now_ms - HOUR_MS, now_ms)
        self.name, self.done = self._tier.name, False
        self._now_ms, self._missing = now_ms, missing

    def step(self, conn: sqlite3.Connection, count: int) -> int:
        """Delete some of the oldest."""
        if not self._missing(conn):
            self.done = True
            return 0
        gone = self._tier.step(conn, count)
        if self._tier.newest_ms is not None:
            names.raise_to(conn, names.capped(self.name), self._tier.newest_ms, self._now_ms)
        self.done = self._tier.done
        return gone


class OldestSingleDays:
    """Days of a reported kind's keys that hold a single value, until all fits.

    It goes over all days once, a page a step: those that stay are not looked at again.
    """

    def __init__(self, rules: list[Rule], now_ms: int, missing: Missing) -> None:
        self.name, self.done = names.tier(DAY_S), False
        self._now_ms, self._missing = now_ms, missing
        subjects = {name for rule in rules if rule.family == "reported" for name in rule.names}
        self._reported = json.dumps(sorted(subjects))
        self._at = (-1, 0)

    def step(self, conn: sqlite3.Connection, count: int) -> int:
        """Delete some of the oldest on the next page."""
        page = self._page(conn) if self._missing(conn) else []
        found = [(moment, series) for moment, series, is_single in page if is_single][:count]
        self.done = not page
        if page:
            self._at = found[-1] if len(found) == count else page[-1][:2]
        if not found:
            return 0
        names.raise_to(conn, names.capped(self.name), found[-1][0] + DAY_S * 1000, self._now_ms)
        sql = "DELETE FROM rollups WHERE tier_s = ? AND timestamp = ? AND series_id = ?"
        return int(conn.executemany(sql, [(DAY_S, *row) for row in found]).rowcount)

    def _page(self, conn: sqlite3.Connection) -> list[tuple[int, int, int]]:
        """The next days that are over: their moments, their series, and whether they may go."""
        end_ms = self._now_ms - HOUR_MS - DAY_S * 1000
        return conn.execute(_SINGLE_DAYS, (self._reported, DAY_S, *self._at, end_ms, LOOK)).fetchall()


def stages(rules: list[Rule], now_ms: int, missing: Missing) -> Iterator[Walk]:
    """What goes, in this order, each only when all before it was not enough."""
    five_minutes, hours = AGES
    yield OldestSamples([rule for rule in rules if not rule.is_numbered], now_ms, missing)
    yield OldestOfTier(five_minutes, now_ms, missing)
    yield OldestArrived([rule for rule in rules if rule.is_numbered], now_ms - HOUR_MS, now_ms, missing)
    yield OldestOfTier(hours, now_ms, missing)
    yield OldestSingleDays(rules, now_ms, missing)


def over_hint(path: Path, aside_bytes: int, cap_bytes: int) -> str:
    """What to do when all that may go is gone, and the files take more than the cap all the same."""
    if is_crowded(aside_bytes, cap_bytes):
        return f"move away {path}{SET_ASIDE}*: they leave too little room, and no row is deleted for them"
    return "raise `cap` under [retention], move away what was set aside, or end who reads for long"
