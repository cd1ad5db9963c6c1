"""How a flight is stored: all of it at once, or record by record where one of them does not fit."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import msgspec

from collector.log import Folded, get_logger
from collector.records.base import KINDS_BY_STRUCT, Kind
from collector.store.buffer import Flight, Outcome
from collector.store.database import savepoint, transaction
from collector.store.failures import REFUSALS, is_the_records_fault

if TYPE_CHECKING:
    from collector.sqlite import sqlite3

log = get_logger("writer")

# A clock can be set back over the same second this many times before a sample has no place left.
BUMPS = 50

# Hears of samples inside the transaction that stores them, as they are stored.
Late = Callable[["sqlite3.Connection", Kind, Sequence[msgspec.Struct]], object]


class Inserting:
    """Used by one thread, the writer's. ``late`` hears of samples as they are stored."""

    def __init__(self, late: Late) -> None:
        self._late = late
        self._set_aside = Folded(log, "writer.set_aside")

    def flush(self, conn: sqlite3.Connection, flight: Flight) -> list[Outcome]:
        """Commit a flight. The first outcome is that of our own records, then one a batch."""
        try:
            outcomes = self._flush_fast(conn, flight)
        except REFUSALS as error:
            if not is_the_records_fault(error):
                raise
            outcomes = None
        return outcomes if outcomes is not None else self._flush_one_by_one(conn, flight)

    def _flush_fast(self, conn: sqlite3.Connection, flight: Flight) -> list[Outcome] | None:
        """`executemany` per kind. None, and nothing stored, when some record has to be looked at alone."""
        by_struct: dict[type[msgspec.Struct], list[msgspec.Struct]] = defaultdict(list)
        for records in (flight.own, *(batch.records for batch in flight.batches)):
            for record in records:
                by_struct[type(record)].append(record)
        if not by_struct.keys() <= KINDS_BY_STRUCT.keys():
            return None
        with transaction(conn) as undo:
            for struct, records in by_struct.items():
                kind = KINDS_BY_STRUCT[struct]
                stored = conn.executemany(*kind.statement(records)).rowcount
                if stored != len(records):
                    undo()
                    return None
                for part in kind.parts:
                    conn.executemany(*part.statement(records))
                if kind.is_sample:
                    self._late(conn, kind, records)
        return [Outcome(committed=len(flight.own)), *(Outcome(len(b.records)) for b in flight.batches)]

    def _flush_one_by_one(self, conn: sqlite3.Connection, flight: Flight) -> list[Outcome]:
        """The careful way: finds out which records are duplicates and which fit no table."""
        with transaction(conn):
            own = self._insert_each(conn, flight.own, bump=True)
            outcomes = [self._insert_each(conn, list(batch.records)) for batch in flight.batches]
        return [own, *outcomes]

    def _insert_each(
        self, conn: sqlite3.Connection, records: list[msgspec.Struct], *, bump: bool = False
    ) -> Outcome:
        """One by one, in one transaction all the same: a record that fits no table is left out alone.

        ``bump``: after the clock was set back a sample's time is taken already; it is stored at the next
        free millisecond rather than lost.
        """
        committed = duplicate = 0
        rejected: list[tuple[int, str]] = []
        for position, record in enumerate(records):
            reason, stored = self._insert(conn, record)
            tries = BUMPS if bump and hasattr(record, "timestamp") else 0
            while not (reason or stored) and tries:
                record = _a_moment_later(record)  # noqa: PLW2901
                reason, stored = self._insert(conn, record)
                tries -= 1
            if reason:
                rejected.append((position, reason))
            committed += stored
            duplicate += not stored and not reason
            if stored and KINDS_BY_STRUCT[type(record)].is_sample:
                self._late(conn, KINDS_BY_STRUCT[type(record)], [record])
        return Outcome(committed, duplicate, tuple(rejected))

    def _insert(self, conn: sqlite3.Connection, record: msgspec.Struct) -> tuple[str, int]:
        kind = KINDS_BY_STRUCT.get(type(record))
        if kind is None:
            return self._refused(type(record).__name__, "there is no table for it")
        try:
            with savepoint(conn) if kind.parts else nullcontext():
                stored = conn.executemany(*kind.statement([record])).rowcount
                for part in kind.parts if stored else ():
                    conn.executemany(*part.statement([record]))
        except REFUSALS as error:
            # Where SQLite has undone the whole transaction by itself, going on would break it up.
            if not is_the_records_fault(error) or not conn.in_transaction:
                raise
            return self._refused(kind.name, str(error))
        return "", stored

    def _refused(self, kind: str, reason: str) -> tuple[str, int]:
        self._set_aside.happened(time.monotonic(), kind=kind, error=reason)
        return reason, 0


def _a_moment_later(record: Any) -> msgspec.Struct:
    later: msgspec.Struct = msgspec.structs.replace(record, timestamp=record.timestamp + 1)
    return later
