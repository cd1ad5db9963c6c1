"""Which samples of a kind are in the rollups: all up to a position, and some stretches ahead of it.

There are such stretches after the clock was set back: the position goes back to where the clock is, and what
was rolled up before is passed over when it comes by there again. A stretch is a row of `upkeep_positions` as
well, so that it is moved in the transactions that it follows from.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from collector.store.progress import move, rolled_up
from collector.store.rollups.sources import LAST, Source

if TYPE_CHECKING:
    from collector.sqlite import sqlite3

NONE = -1  # before all moments

# Both ends belong to it, in ms since the epoch.
Span = tuple[int, int]

FIND = "SELECT name, position FROM upkeep_positions WHERE name >= ? AND name < ?"


class Reach(NamedTuple):
    """Moments whose samples are in the rollups: up to ``done``, and in ``ahead``: apart, rising, behind it.

    No sample of any other moment is. Kinds whose rows have numbers have no stretch ahead.
    """

    done: int
    ahead: tuple[Span, ...] = ()

    @property
    def spans(self) -> list[Span]:
        """All of it."""
        return [(NONE + 1, self.done), *self.ahead]

    @property
    def gaps(self) -> list[Span]:
        """What is not in them yet."""
        return [(low + 1, high - 1) for (_, low), (high, _) in pairwise([*self.spans, (LAST, LAST)])]

    def around(self, moment_ms: int) -> Span | None:
        """The stretch that a moment lies in; None when it is not rolled up."""
        return next((span for span in self.spans if span[0] <= moment_ms <= span[1]), None)

    def without(self, span: Span, before: int, after: int) -> Reach:
        """A stretch of it ends at ``before`` and goes on at ``after``; there is nothing in between."""
        low, high = span
        left = [(low, before)] if before >= low else []
        right = [(after, high)] if after <= high else []
        spans = [each for old in self.spans for each in ([*left, *right] if old == span else [old])]
        if spans and spans[0][0] == NONE + 1:
            return Reach(spans[0][1], tuple(spans[1:]))
        return Reach(NONE, tuple(spans))

    def moved(self, to: int) -> Reach:
        """All up to ``to``, which is none of a stretch ahead, is rolled up now."""
        return Reach(to, tuple(span for span in self.ahead if span[0] > to))


def bounds(kind: str) -> tuple[str, str]:
    """What to bind to `FIND`: its own position, and those that begin with it and a space."""
    return rolled_up(kind), f"{rolled_up(kind)}!"


def reach(rows: list[tuple[str, int]], kind: str) -> Reach | None:
    """Of what `FIND` found; None when rolling up has not begun."""
    found = dict(rows)
    done = found.pop(rolled_up(kind), None)
    ahead = sorted((int(name.rpartition(" ")[2]), high) for name, high in found.items())
    return None if done is None else Reach(done, tuple(ahead))


def stored(conn: sqlite3.Connection, kind: str) -> Reach | None:
    """What is noted of a kind."""
    return reach(conn.execute(FIND, bounds(kind)).fetchall(), kind)


def store(conn: sqlite3.Connection, kind: str, before: Reach | None, after: Reach, now_ms: int) -> None:
    """Note how it is now, where it was ``before``."""
    if before is None or after.done != before.done:
        move(conn, rolled_up(kind), after.done, now_ms)
    known = {} if before is None else dict(before.ahead)
    left = dict(after.ahead)
    gone = [(_name(kind, low),) for low in known.keys() - left.keys()]
    conn.executemany("DELETE FROM upkeep_positions WHERE name = ?", gone)
    for low, high in left.items():
        if known.get(low) != high:
            move(conn, _name(kind, low), high, now_ms)


def neighbours(conn: sqlite3.Connection, source: Source, moment_ms: int) -> Span:
    """The moments of the samples before and after one."""
    table, moment = f'"{source.kind.table}"', source.moment
    ((before, after),) = conn.execute(
        f"SELECT (SELECT max({moment}) FROM {table} WHERE {moment} < ?),"  # noqa: S608  # names of ours
        f" (SELECT min({moment}) FROM {table} WHERE {moment} > ?)",
        (moment_ms, moment_ms),
    ).fetchall()
    return NONE if before is None else before, LAST if after is None else after


def count_at(conn: sqlite3.Connection, source: Source, moment_ms: int) -> int:
    """How many samples of one moment there are."""
    sql = f'SELECT count(*) FROM "{source.kind.table}" WHERE {source.moment} = ?'  # noqa: S608  # names of ours
    ((count,),) = conn.execute(sql, (moment_ms,)).fetchall()
    return int(count)


def _name(kind: str, low: int) -> str:
    return f"{rolled_up(kind)} from {low}"
