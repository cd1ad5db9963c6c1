"""Rolling up: what came since the last time is added to its 5 minutes, hours and days, in short steps.

Each step adds some rows and moves the position of their kind in one transaction, so that each row is
counted exactly once, whatever happens in between.
"""

from __future__ import annotations

import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from operator import attrgetter
from typing import TYPE_CHECKING

import msgspec

from collector.records.base import Kind
from collector.store.rollups.groups import Groups
from collector.store.rollups.reach import NONE, Reach, count_at, neighbours, store, stored
from collector.store.rollups.sources import LAST, Source, source_of, sources
from collector.store.rollups.tiers import FIVE_MINUTES, begin

if TYPE_CHECKING:
    from collector.sqlite import sqlite3

AIM_SECONDS = 0.01
# What a step may take to begin with: values are counted in some tenths of a microsecond each, rows of
# rollups are found, read, made and written in some tens.
CELLS, VALUES = 60, 6_000
# Stretches ahead of the position; a round leaves as many as there are ticks in the running five minutes.
MOST_AHEAD = 500

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
        """See to samples whose moments are rolled up already, as they are stored, in their transaction.

        So it is after the clock was set back. The position goes back for them, and what is rolled up behind
        them stays noted: they are rolled up with the next round, like all others.
        """
        source = source_of(kind.model)
        before = stored(conn, kind.name) if source else None
        if source is None or before is None:
            return
        moment_of = attrgetter(str(kind.moment))
        late: dict[int, list[msgspec.Struct]] = defaultdict(list)
        for record in records:
            if before.around(moment := moment_of(record)):
                late[moment].append(record)
        if late:
            after = self._reopened(conn, source, before, late)
            store(conn, kind.name, before, after, now_ms=max(late))

    def _reopened(
        self, conn: sqlite3.Connection, source: Source, reach: Reach, late: dict[int, list[msgspec.Struct]]
    ) -> Reach:
        """The reach without their moments. Where others of the same moment are in it, they are added."""
        groups = Groups(source)
        for moment_ms, records in sorted(late.items()):
            span = reach.around(moment_ms)
            if span is None:
                continue  # between the same two samples as the one before it
            if len(reach.ahead) >= MOST_AHEAD or count_at(conn, source, moment_ms) > len(records):
                _add(groups, moment_ms, records)
            else:
                reach = reach.without(span, *neighbours(conn, source, moment_ms))
        groups.merge(conn)
        return reach

    def _roll(self, conn: sqlite3.Connection, source: Source, now_ms: int) -> bool:
        began = self._elapsed()
        before = stored(conn, source.name)
        groups, last = self._take(conn, source, before or Reach(NONE), now_ms)
        if last is None:
            return False
        groups.merge(conn)
        store(conn, source.name, before, (before or Reach(NONE)).moved(last), now_ms)
        self._room.took(self._elapsed() - began, full=not self._room.holds(groups))
        return True

    def _take(
        self, conn: sqlite3.Connection, source: Source, reach: Reach, now_ms: int
    ) -> tuple[Groups, int | None]:
        """The next rows, and the place of the last one; rows of one moment are taken together."""
        up_to = begin(now_ms, FIVE_MINUTES) - 1 if source.kind.is_sample else LAST
        groups, last = Groups(source), None
        width = 2 + len(source.key)
        cursors = (
            conn.execute(source.after, (low - 1, min(high, up_to)))
            for low, high in reach.gaps
            if low <= up_to
        )
        for row in chain.from_iterable(cursors):
            if row[0] != last and not self._room.holds(groups):
                break
            last = row[0]
            groups.add(row[1], row[2:width], row[width:])
        return groups, last


def _add(groups: Groups, moment_ms: int, records: Iterable[msgspec.Struct]) -> None:
    source = groups.source
    for record in records:
        key = tuple(getattr(record, name) for name in source.per)
        groups.add(moment_ms, key, [getattr(record, name) for name in source.columns])
