"""Walks over what is older than promised; each step deletes some, and moves on.

Samples are found by their moments. Rows that are numbered as they arrive are looked through from the
first on, until none is old; once a day all of them are, since what arrives late has a high number.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from collector.store.progress import move
from collector.store.retention import names
from collector.store.retention.rows import LOOK, Rows
from collector.store.retention.trusted import DAY_MS

if TYPE_CHECKING:
    from collector.sqlite import sqlite3
    from collector.store.retention.rules import Rule


class Walk(Protocol):
    """Something that is done in steps; ``name`` is the kind or tier it is about."""

    name: str
    done: bool

    def step(self, conn: sqlite3.Connection, count: int) -> int:
        """Delete ``count`` rows at most, inside a transaction; how many went."""
        ...


class Samples:
    """The oldest samples of a kind."""

    def __init__(self, rule: Rule, before_ms: int, now_ms: int) -> None:
        self.name, self.done = rule.name, False
        self._rows, self._now_ms = Rows(rule, before_ms), now_ms

    def step(self, conn: sqlite3.Connection, count: int) -> int:
        """Delete the oldest."""
        rows = self._rows.oldest(conn, count)
        self.done = len(rows) < count
        return self._rows.delete(conn, rows, self._now_ms)


class Numbered:
    """The old among the first numbered rows of a kind."""

    def __init__(self, rule: Rule, before_ms: int, now_ms: int) -> None:
        self.name, self.done = rule.name, False
        self._rows, self._now_ms = Rows(rule, before_ms), now_ms
        self._at = 0

    def step(self, conn: sqlite3.Connection, count: int) -> int:
        """Delete those of one page."""
        gone, at = _page(self._rows, conn, self._at, count, self._now_ms)
        self.done = at is None or not gone
        self._at = at or 0
        return gone


class Sweep:
    """All old rows of a kind, wherever they are; a day after the last sweep. It goes on after a restart."""

    def __init__(self, rule: Rule, before_ms: int, now_ms: int) -> None:
        self.name, self.done = rule.name, False
        self._rows, self._now_ms = Rows(rule, before_ms), now_ms

    def step(self, conn: sqlite3.Connection, count: int) -> int:
        """Delete those of one page, and note where it ends."""
        start = _due(conn, self.name, self._now_ms)
        if start is None:
            self.done = True
            return 0
        gone, at = _page(self._rows, conn, start, count, self._now_ms)
        move(conn, names.sweep(self.name), at or 0, self._now_ms)
        self.done = at is None
        return gone


def _due(conn: sqlite3.Connection, kind: str, now_ms: int) -> int | None:
    """From where a sweep goes on, 0 for the beginning; None when the last one is not a day ago."""
    row = conn.execute(
        "SELECT position, timestamp FROM upkeep_positions WHERE name = ?", (names.sweep(kind),)
    ).fetchone()
    if row is None:
        return 0
    if row[0]:
        return int(row[0])
    return None if 0 <= now_ms - row[1] < DAY_MS else 0


def _page(
    rows: Rows, conn: sqlite3.Connection, above: int, count: int, now_ms: int
) -> tuple[int, int | None]:
    """Delete old rows of the next page: how many went, and where it ends; None at the end of the table."""
    first = rows.next_number(conn, above)
    if first is None:
        return 0, None
    end = first - 1 + LOOK
    count = max(count // len(rows.rule.names), 1)
    found = rows.between(conn, first - 1, end, count)
    return rows.delete(conn, found, now_ms), found[-1][0] if len(found) == count else end
