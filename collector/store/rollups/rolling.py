"""Rolling up: what came since the last time is added to its 5 minutes, hours and days, in short steps.

Each step adds some rows and moves the position of their kind in one transaction, so that each row is
counted exactly once, whatever happens in between.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import TYPE_CHECKING

import msgspec

from collector.records.base import Kind
from collector.store.progress import move, position, rolled_up
from collector.store.rollups.groups import Groups
from collector.store.rollups.sources import LAST, Source, source_of, sources
from collector.store.rollups.tiers import FIVE_MINUTES, begin

if TYPE_CHECKING:
    from collector.sqlite import sqlite3

AIM_SECONDS = 0.01
# What a step may take to begin with: values are counted in some tenths of a microsecond each, rows of
# rollups are found, read, made and written in some tens.
CELLS, VALUES = 60, 6_000

Step = Callable[["sqlite3.Connection"], bool]


class Room:
    """How much one step may take, by how long those before took."""

    def __init__(self) -> None:
        self._scale = 1.0

    def holds(self, groups: Groups) -> bool:
        """Whether another row has room."""
        return groups.cells < CELLS * self._scale and groups.values < VALUES * self._scale

    def took(self, seconds: float, *, full: bool) -> None:
        """A step took so long; only one that was full says how much more could be done."""
        if full or seconds > AIM_SECONDS:
            self._scale *= min(max(AIM_SECONDS / max(seconds, 1e-6), 0.3), 1.2)
            self._scale = min(max(self._scale, 0.02), 2.0)


class Rollups:
    """Rolls up all kinds, in turn. Used by one thread, the writer's; it keeps nothing that could be wrong."""

    def __init__(self, elapsed: Callable[[], float] = time.perf_counter) -> None:
        self._elapsed = elapsed
        self._room = Room()
        self._turn: deque[Source] = deque()

    def turn(self, now_ms: int) -> Step:
        """A step for the writer, in a transaction of its own; it gives True while there is more to do."""

        def step(conn: sqlite3.Connection) -> bool:
            self._turn = self._turn or deque(sources())
            for _ in range(len(self._turn)):
                source = self._turn[0]
                self._turn.rotate(-1)  # whoever has a lot to do does not keep the others waiting
                if self._roll(conn, source, now_ms):
                    return True
            return False

        return step

    def late(self, conn: sqlite3.Connection, kind: Kind, records: Sequence[msgspec.Struct]) -> None:
        """Add those samples that are not behind the position, as they are stored, in their transaction.

        So it is after the clock was set back: nobody would come by there again.
        """
        source = source_of(kind.model)
        done = position(conn, rolled_up(kind.name))
        if source is None or done is None:
            return
        moment_of = attrgetter(str(kind.moment))
        late = [record for record in records if moment_of(record) <= done]
        if not late:
            return
        groups = Groups(source)
        for record in late:
            key = tuple(getattr(record, name) for name in source.per)
            groups.add(moment_of(record), key, [getattr(record, name) for name in source.columns])
        groups.merge(conn)

    def _roll(self, conn: sqlite3.Connection, source: Source, now_ms: int) -> bool:
        began = self._elapsed()
        groups, last = self._take(conn, source, now_ms)
        if last is None:
            return False
        groups.merge(conn)
        move(conn, rolled_up(source.name), last, now_ms)
        self._room.took(self._elapsed() - began, full=not self._room.holds(groups))
        return True

    def _take(self, conn: sqlite3.Connection, source: Source, now_ms: int) -> tuple[Groups, int | None]:
        """The next rows, and the place of the last one; rows of one moment are taken together."""
        done = position(conn, rolled_up(source.name))
        up_to = begin(now_ms, FIVE_MINUTES) - 1 if source.kind.is_sample else LAST
        groups, last = Groups(source), None
        width = 2 + len(source.key)
        cursor = conn.execute(source.after, (-1 if done is None else done, up_to))
        for row in cursor:
            if row[0] != last and not self._room.holds(groups):
                break
            last = row[0]
            groups.add(row[1], row[2:width], row[width:])
        cursor.close()
        return groups, last
