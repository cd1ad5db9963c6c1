"""The tiers of rollups that do not stay for ever; what is old of one lies together in the table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from collector.store.retention import names

if TYPE_CHECKING:
    from collector.sqlite import sqlite3

# In seconds, and what their age is called in the settings. Days stay.
AGES = {300: "five_minutes", 3600: "hours"}
DAY_S = 86_400


class Tier:
    """Rollups of one tier, as far as they end before ``before_ms``; the oldest go first."""

    def __init__(self, seconds: int, before_ms: int, now_ms: int) -> None:
        self.name, self.done = names.tier(seconds), False
        self._seconds, self._before_ms, self._now_ms = seconds, before_ms - seconds * 1000, now_ms
        self.newest_ms: int | None = None  # of those that went in the last step

    def step(self, conn: sqlite3.Connection, count: int) -> int:
        """Delete ``count`` at most."""
        found = conn.execute(
            "SELECT tier_s, timestamp, series_id FROM rollups WHERE tier_s = ? AND timestamp < ?"
            " ORDER BY timestamp, series_id LIMIT ?",
            (self._seconds, self._before_ms, count),
        ).fetchall()
        self.done = len(found) < count
        self.newest_ms = found[-1][1] if found else None
        if self.newest_ms is not None:
            names.raise_to(conn, names.cut(self.name), self.newest_ms, self._now_ms)
        sql = "DELETE FROM rollups WHERE tier_s = ? AND timestamp = ? AND series_id = ?"
        return int(conn.executemany(sql, found).rowcount) if found else 0
