"""The one who writes: takes what the buffer holds and commits it, all kinds in one transaction.

A turn is `step`; the thread only repeats it. Upkeep (a checkpoint, a session's end) runs as short
steps in the same thread, since this connection is the only one that may write.
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import msgspec

from collector import clock
from collector.clock import Instant
from collector.errors import CollectorError, DatabaseError
from collector.log import Folded, get_logger
from collector.records.base import KINDS_BY_STRUCT, Kind
from collector.records.gap import Gap
from collector.store.asked import Asked, Step, Then
from collector.store.buffer import Batch, Buffer, Flight, Lost, Outcome
from collector.store.database import savepoint, transaction
from collector.store.failures import REFUSALS, Failure, classify, in_words, is_the_records_fault
from collector.store.listeners import Stored, Timed, nobody

if TYPE_CHECKING:
    from collector.sqlite import sqlite3

log = get_logger("writer")

LONGEST_WAIT = 5.0
# What may be over soon, so that a step is worth another try.
PASSING = ("busy", "full", "io", "readonly")
# A clock can be set back over the same second this many times before a sample has no place left.
BUMPS = 50
BACK_OFF = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
GIVE_UP_SECONDS = 2.0  # how long a disk that refuses may hold up the end

# Hears of samples inside the transaction that stores them, as they are stored.
Late = Callable[["sqlite3.Connection", Kind, Sequence[msgspec.Struct]], object]


class Writer:
    """Owns the read-write connection from the moment it is given to it."""

    def __init__(
        self,
        conn: sqlite3.Connection,
        buffer: Buffer,
        timed: Timed = nobody,
        stored: Stored = nobody,
        late: Late = nobody,
    ) -> None:
        self._conn = conn
        self._buffer = buffer
        self._timed = timed
        self._stored = stored
        self._late = late
        self._flight: Flight | None = None
        self._asked: deque[Asked] = deque()
        self._doing: Asked | None = None
        self._failures = 0
        self._retry_at = 0.0
        self._stuck_as: Failure | None = None
        self._stuck = Folded(log, "writer.stuck")
        self._set_aside = Folded(log, "writer.set_aside")
        self._broken = Folded(log, "writer.broken", level="error")
        self._untold: deque[tuple[Batch, Outcome]] = deque()
        self._thread: threading.Thread | None = None
        self._closing = threading.Event()
        self._last: Step | None = None
        self._closing_since: float | None = None
        self._ended = False
        self._left = 0
        self.progress = time.monotonic()
        self.last_flush_ms: float | None = None
        self.last_commit_ms: int | None = None

    def start(self) -> None:
        """Begin to write, in a thread of its own."""
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)
        self._thread.start()

    def ask(self, name: str, step: Step, *, transaction: bool = True, then: Then | None = None) -> Asked:
        """Have ``step(connection)`` run in the writer's thread, in a transaction of its own unless told.

        ``then`` is called in that thread when the step is committed or has failed; it must not block.
        """
        asked = Asked(name, step, transaction=transaction, then=then)
        self._asked.append(asked)
        self._buffer.nudge()
        if self._ended:
            self._refuse_asked()
        return asked

    @property
    def stuck(self) -> str | None:
        """Why nothing can be written at present, in words; None when all is well."""
        return in_words(self._stuck_as) if self._stuck_as else None

    def step(self, now: Instant) -> bool:
        """One turn: flush what is due, then do one asked step. True when there was work."""
        self.progress = now.monotonic
        if now.monotonic < self._retry_at:
            return False
        worked = False
        if self._flight is not None or self._buffer.due(now.monotonic):
            self._flight = self._flight if self._flight is not None else self._buffer.take()
            worked = self._try_flush(now)
            if not worked:
                return False
        self._tell()
        if self._asked:
            worked = self._do_asked(now)
        return worked

    def close(self, timeout: float, last: Step | None = None) -> bool:
        """Take nothing more, write what is there, do ``last``, and end; False when something was left.

        What is left is counted as dropped. Closing twice is fine. A writer that was never started
        does all this in the caller's thread.
        """
        self._last = self._last or last
        self._closing.set()
        self._buffer.close()
        if self._thread is None and not self._ended:
            self._run()
        elif self._thread is not None:
            self._thread.join(timeout)
            if self._thread.is_alive():
                log.error("writer.hung", left=self._buffer.counts().queued)
                return False
        left = self._buffer.abandon("stopped")
        if left:
            log.error("writer.left", records=left, reason=in_words(self._stuck_as or "other"))
        self._left += left
        return not self._left

    def _run(self) -> None:
        try:
            while not self._drained():
                self._wait()
                now = clock.now()
                try:
                    self.step(now)
                except Exception as error:  # noqa: BLE001  # the edge of this thread: whatever it was, recording goes on
                    self._survive(error, now)
        finally:
            self._ended = True
            self._refuse_asked()

    def _survive(self, error: Exception, now: Instant) -> None:
        """Something nobody foresaw: what is in flight is tried again, what was told or asked is not."""
        self._broken.happened(now.monotonic, error=f"{type(error).__name__}: {error}")
        doing, self._doing = self._doing, None
        if doing is not None:
            doing.finish(error=error)
        if self._flight is not None:
            self._back_off(error, now.monotonic)

    def _refuse_asked(self) -> None:
        """Tell whoever asked too late."""
        while self._asked:
            self._asked.popleft().finish(error=CollectorError("the writer has stopped"))

    def _drained(self) -> bool:
        """Whether this is the end: closed, and all is written or the disk has refused for two seconds."""
        if not self._closing.is_set():
            return False
        self._closing_since = self._closing_since or time.monotonic()
        if self._failures:
            return time.monotonic() - self._closing_since > GIVE_UP_SECONDS
        if self._flight is not None or self._asked or self._untold or self._buffer.due(time.monotonic()):
            return False
        if self._last is not None:  # once, and after everything else
            self._asked.append(Asked("last", self._last))
            self._last = None
            return False
        return True

    def _wait(self) -> None:
        if self._failures:
            pause = self._retry_at - time.monotonic()
            if self._closing.is_set():
                time.sleep(BACK_OFF[0])
                self._retry_at = 0.0
            elif pause > 0:
                self._closing.wait(pause)
        elif not self._asked and not self._untold:
            self._buffer.wait(time.monotonic, LONGEST_WAIT)

    def _try_flush(self, now: Instant) -> bool:
        flight = self._flight
        assert flight is not None
        start = time.perf_counter()
        try:
            outcomes = self._flush(flight)
        except REFUSALS as error:
            self._back_off(error, now.monotonic + time.perf_counter() - start)
            return False
        self.last_flush_ms = (time.perf_counter() - start) * 1000
        self.last_commit_ms = now.wall_ms
        self._settle(flight, outcomes, now)
        self._timed("flush", self.last_flush_ms, len(flight))
        parts = (flight.own, *(batch.records for batch in flight.batches))
        for records, outcome in zip(parts, outcomes, strict=True):
            if outcome.committed:  # what was sent a second time is no news
                self._stored(records)
        return True

    def _settle(self, flight: Flight, outcomes: list[Outcome], now: Instant) -> None:
        """All of our own bookkeeping first; only then is anybody else's code called."""
        self._flight = None
        self._buffer.settle(outcomes)
        self._untold += zip(flight.batches, outcomes[1:], strict=True)
        self._note_lost(self._buffer.lost(), now)
        self._recovered()

    def _note_lost(self, lost: Lost, now: Instant) -> None:
        """A hole is a row."""
        if lost.count:
            log.warning("buffer.dropped", count=lost.count)
            why = "disk_full" if self._stuck_as == "full" else "dropped"
            gap = Gap.record(from_ms=lost.from_ms or now.wall_ms, to_ms=lost.to_ms or now.wall_ms, reason=why)
            self._buffer.put(now.monotonic, [gap], even_closed=True)

    def _tell(self) -> None:
        """Each is taken off before it is told, so that one whose ``done`` fails does not stop the others."""
        while self._untold:
            batch, outcome = self._untold.popleft()
            if batch.done is not None:
                batch.done(outcome)

    def _back_off(self, error: Exception, monotonic: float) -> None:
        self._stuck_as = classify(error)
        pause = BACK_OFF[min(self._failures, len(BACK_OFF) - 1)]
        self._failures += 1
        self._retry_at = monotonic + pause
        self._stuck.happened(
            monotonic,
            reason=in_words(self._stuck_as),
            error=str(error),
            queued=self._buffer.counts().queued,
            retry_in_s=pause,
        )

    def _recovered(self) -> None:
        if self._failures:
            self._stuck.over()
        self._stuck_as, self._failures, self._retry_at = None, 0, 0.0

    def _flush(self, flight: Flight) -> list[Outcome]:
        """Commit a flight. The first outcome is that of our own records, then one a batch."""
        try:
            outcomes = self._flush_fast(flight)
        except REFUSALS as error:
            if not is_the_records_fault(error):
                raise
            outcomes = None
        return outcomes if outcomes is not None else self._flush_one_by_one(flight)

    def _flush_fast(self, flight: Flight) -> list[Outcome] | None:
        """`executemany` per kind. None, and nothing stored, when some record has to be looked at alone."""
        by_struct: dict[type[msgspec.Struct], list[msgspec.Struct]] = defaultdict(list)
        for records in (flight.own, *(batch.records for batch in flight.batches)):
            for record in records:
                by_struct[type(record)].append(record)
        if not by_struct.keys() <= KINDS_BY_STRUCT.keys():
            return None
        with transaction(self._conn) as undo:
            for struct, records in by_struct.items():
                kind = KINDS_BY_STRUCT[struct]
                stored = self._conn.executemany(*kind.statement(records)).rowcount
                if stored != len(records):
                    undo()
                    return None
                for part in kind.parts:
                    self._conn.executemany(*part.statement(records))
                if kind.is_sample:
                    self._late(self._conn, kind, records)
        return [Outcome(committed=len(flight.own)), *(Outcome(len(b.records)) for b in flight.batches)]

    def _flush_one_by_one(self, flight: Flight) -> list[Outcome]:
        """The careful way: finds out which records are duplicates and which fit no table."""
        with transaction(self._conn):
            own = self._insert_each(flight.own, bump=True)
            outcomes = [self._insert_each(list(batch.records)) for batch in flight.batches]
        return [own, *outcomes]

    def _insert_each(self, records: list[msgspec.Struct], *, bump: bool = False) -> Outcome:
        """One by one, in one transaction all the same: a record that fits no table is left out alone.

        ``bump``: after the clock was set back a sample's time is taken already; it is stored at the next
        free millisecond rather than lost.
        """
        committed = duplicate = 0
        rejected: list[tuple[int, str]] = []
        for position, record in enumerate(records):
            reason, stored = self._insert(record)
            tries = BUMPS if bump and hasattr(record, "timestamp") else 0
            while not (reason or stored) and tries:
                record = _a_moment_later(record)  # noqa: PLW2901
                reason, stored = self._insert(record)
                tries -= 1
            if reason:
                rejected.append((position, reason))
            committed += stored
            duplicate += not stored and not reason
            if stored and KINDS_BY_STRUCT[type(record)].is_sample:
                self._late(self._conn, KINDS_BY_STRUCT[type(record)], [record])
        return Outcome(committed, duplicate, tuple(rejected))

    def _insert(self, record: msgspec.Struct) -> tuple[str, int]:
        kind = KINDS_BY_STRUCT.get(type(record))
        if kind is None:
            return self._refused(type(record).__name__, "there is no table for it")
        try:
            with savepoint(self._conn) if kind.parts else nullcontext():
                stored = self._conn.executemany(*kind.statement([record])).rowcount
                for part in kind.parts if stored else ():
                    self._conn.executemany(*part.statement([record]))
        except REFUSALS as error:
            # Where SQLite has undone the whole transaction by itself, going on would break it up.
            if not is_the_records_fault(error) or not self._conn.in_transaction:
                raise
            return self._refused(kind.name, str(error))
        return "", stored

    def _refused(self, kind: str, reason: str) -> tuple[str, int]:
        self._set_aside.happened(time.monotonic(), kind=kind, error=reason)
        return reason, 0

    def _do_asked(self, now: Instant) -> bool:
        """Do the first asked step; False when it has to be tried again, since the database was locked."""
        asked = self._doing = self._asked.popleft()
        start = time.perf_counter()
        try:
            with transaction(self._conn) if asked.transaction else nullcontext():
                result = asked.step(self._conn)
        except REFUSALS as error:
            if classify(error) in PASSING and asked.transaction:
                self._asked.appendleft(asked)
                self._back_off(error, now.monotonic + time.perf_counter() - start)
                return False
            self._failed(asked, DatabaseError(f"{asked.name}: {in_words(classify(error))}: {error}"))
        except CollectorError as error:
            self._failed(asked, error)
        else:
            asked.finish(result)
            self._timed(asked.name, (time.perf_counter() - start) * 1000, 0)
        self._doing = None
        self._recovered()
        return True

    def _failed(self, asked: Asked, error: Exception) -> None:
        log.warning("writer.step_failed", step=asked.name, error=str(error))
        asked.finish(error=error)


def _a_moment_later(record: Any) -> msgspec.Struct:
    later: msgspec.Struct = msgspec.structs.replace(record, timestamp=record.timestamp + 1)
    return later
