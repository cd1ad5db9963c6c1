"""The oldest of what is numbered as it arrives goes first, in whatever order it arrived.

An export is read newest first, so the first numbers say nothing of age. All rows are looked at once, a
page a step: how many are of each hour, and which is the oldest hour of each page. That tells before which
hour as many rows lie as have to go, and in which pages they are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from collector.store.retention import names
from collector.store.retention.rows import HOUR_MS, LOOK, Rows
from collector.store.retention.sizes import pages

if TYPE_CHECKING:
    from collector.sqlite import sqlite3
    from collector.store.retention.rules import Rule

# How many bytes have still to go; 0 when all fits.
Missing = Callable[["sqlite3.Connection"], int]

# Of what seems to have to go, so much goes before it is looked again: a row may free more than those before.
SURE_SHARE = 0.8
# And of all rows at most so much: those that arrived in no order free their pages only when many are gone.
MOST_SHARE = 0.1


@dataclass
class Page:
    """Row numbers of a kind above one and up to another; ``first_hour``: of its oldest row that may go."""

    rule: Rule
    above: int
    up_to: int
    first_hour: int


class Chart:
    """In which hours the rows lie that may go, those from before ``before_ms``, and in which pages."""

    def __init__(self, rules: list[Rule], before_ms: int) -> None:
        self.before_ms = before_ms
        self.pages: list[Page] = []
        self.hours: Counter[int] = Counter()
        self._rules = list(rules)
        self._at = 0

    def look(self, conn: sqlite3.Connection) -> bool:
        """Look at the next page; False when all are known."""
        if not self._rules:
            return False
        rows = Rows(self._rules[0], self.before_ms)
        first = rows.next_number(conn, self._at)
        if first is None:
            del self._rules[0]
            self._at = 0
            return True
        above, self._at = first - 1, first - 1 + LOOK
        if found := rows.hours(conn, above, self._at):
            self.hours.update(found)
            self.pages.append(Page(rows.rule, above, self._at, min(found)))
        return True

    def take(self, count: float) -> tuple[int, int]:
        """Take off the oldest hours, as many as have ``count`` rows or one: how many, and the hour after."""
        taken, end = 0, 0
        for hour in sorted(self.hours):
            count -= self.hours[hour]
            if taken and count < 0:
                break
            taken, end = taken + 1, hour + 1
            del self.hours[hour]
        return taken, end


class OldestArrived:
    """Rows of some kinds from before ``before_ms``, an hour or more at a time, until nothing is ``missing``.

    Of the hour in which it ends some rows may be left; all that is older is gone, and nothing younger.
    """

    def __init__(self, rules: list[Rule], before_ms: int, now_ms: int, missing: Missing) -> None:
        self.name, self.done = "records", False
        self._now_ms, self._missing = now_ms, missing
        self._chart = Chart(rules, before_ms)
        self._coming: Iterator[Page] = iter(())
        self._page: Page | None = None
        self._at = self._end_hour = self._end_ms = 0
        self._may_end = True
        self._first_missing = self._gone = 0

    def step(self, conn: sqlite3.Connection, count: int) -> int:
        """Look at the next page; when all are known, delete ``count`` of the oldest at most."""
        missing = self._missing(conn)
        if self._page is not None and (missing or not self._may_end):
            return self._empty(conn, self._page, count)
        if not missing:
            self.done = True
        elif not self._chart.look(conn):
            self.done = not self._choose(conn, missing)
        return 0

    def _choose(self, conn: sqlite3.Connection, missing: int) -> bool:
        """Which hours go next; False when there is none. A single one need not go whole."""
        taken, self._end_hour = self._chart.take(self._wanted(conn, missing))
        self._may_end = taken == 1
        self._end_ms = min(self._end_hour * HOUR_MS, self._chart.before_ms)
        self._coming = iter([page for page in self._chart.pages if page.first_hour < self._end_hour])
        self._next_page()
        return taken > 0

    def _wanted(self, conn: sqlite3.Connection, missing: int) -> float:
        """How many rows should go, by what those have freed that went; at first, by all that there is."""
        rows = self._chart.hours.total()
        if not self._gone:
            count, free, page_bytes = pages(conn)
            self._first_missing = missing
            return SURE_SHARE * missing * rows / ((count - free) * page_bytes)
        freed = max(self._first_missing - missing, 1)
        return min(SURE_SHARE * missing * self._gone / freed, MOST_SHARE * rows)

    def _empty(self, conn: sqlite3.Connection, page: Page, count: int) -> int:
        """Delete what is old in a page; that is all of it when fewer were found than asked for."""
        rows = Rows(page.rule, self._end_ms)
        count = max(count // len(page.rule.names), 1)
        found = rows.between(conn, self._at, page.up_to, count)
        if found:
            names.raise_to(conn, names.capped(page.rule.name), self._end_ms, self._now_ms)
        gone = rows.delete(conn, found, self._now_ms)
        self._gone += gone
        if len(found) == count:
            self._at = found[-1][0]
        else:
            page.first_hour = self._end_hour
            self._next_page()
        return gone

    def _next_page(self) -> None:
        self._page = next(self._coming, None)
        self._at = self._page.above if self._page is not None else 0
