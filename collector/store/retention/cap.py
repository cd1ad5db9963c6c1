"""What goes when all files together are larger than the cap, the least dear first and the oldest of it.

Raw samples, then five minutes of rollups, then runs and what applications reported, then hours of
rollups. The last hour stays of each, and days, alerts, changes, gaps and sessions stay whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from collector.store.retention import names
from collector.store.retention.rows import LOOK, Rows
from collector.store.retention.rules import Rule
from collector.store.retention.tiers import AGES, Tier

if TYPE_CHECKING:
    from collector.sqlite import sqlite3
    from collector.store.retention.aged import Walk

HOUR_MS = 3_600_000
# How much below the cap it goes on, so that it does not begin again at once.
LOW_SHARE = 0.95
# Of one kind not more than so much goes before it is looked again which kind has the oldest rows.
SLICE_MS = 6 * HOUR_MS

# Whether it fits by now.
Fits = Callable[["sqlite3.Connection"], bool]


class Oldest:
    """Rows of some kinds, each time of the one that has the oldest, until all fits."""

    def __init__(self, name: str, rules: list[Rule], now_ms: int, fits: Fits) -> None:
        self.name, self.done = name, False
        self._rows = [Rows(rule, now_ms - HOUR_MS) for rule in rules]
        self._now_ms, self._fits = now_ms, fits

    def step(self, conn: sqlite3.Connection, count: int) -> int:
        """Delete some of the oldest."""
        fits = self._fits(conn)
        heads = [
            (first, rows.rule) for rows in self._rows if not fits and (first := rows.first(conn)) is not None
        ]
        if not heads:
            self.done = True
            return 0
        (at, moment), rule = min(heads, key=lambda head: head[0][1])
        rows = Rows(rule, min(moment + SLICE_MS, self._now_ms - HOUR_MS))
        count = max(count // len(rule.names), 1)
        found = rows.between(conn, at - 1, at + LOOK, count) if rule.is_numbered else rows.oldest(conn, count)
        newest_ms = max(row[1 if rule.is_numbered else 0] for row in found)
        names.raise_to(conn, names.capped(rule.name), newest_ms, self._now_ms)
        return rows.delete(conn, found, self._now_ms)


class OldestOfTier:
    """Rollups of one tier, until all fits."""

    def __init__(self, seconds: int, now_ms: int, fits: Fits) -> None:
        self._tier = Tier(seconds, now_ms - HOUR_MS, now_ms)
        self.name, self.done = self._tier.name, False
        self._now_ms, self._fits = now_ms, fits

    def step(self, conn: sqlite3.Connection, count: int) -> int:
        """Delete some of the oldest."""
        if self._fits(conn):
            self.done = True
            return 0
        gone = self._tier.step(conn, count)
        if self._tier.newest_ms is not None:
            names.raise_to(conn, names.capped(self.name), self._tier.newest_ms, self._now_ms)
        self.done = self._tier.done
        return gone


def stages(rules: list[Rule], now_ms: int, fits: Fits) -> Iterator[Walk]:
    """What goes, in this order, each only when all before it was not enough."""
    five_minutes, hours = AGES
    yield Oldest("samples", [rule for rule in rules if not rule.is_numbered], now_ms, fits)
    yield OldestOfTier(five_minutes, now_ms, fits)
    yield Oldest("records", [rule for rule in rules if rule.is_numbered], now_ms, fits)
    yield OldestOfTier(hours, now_ms, fits)
