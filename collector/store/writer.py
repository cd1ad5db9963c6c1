"""The one who writes: takes what the buffer holds and commits it, all kinds in one transaction.

A turn is `step`; the thread only repeats it. Upkeep (a checkpoint, a session's end) runs as short
steps in the same thread, since this connection is the only one that may write.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from contextlib import nullcontext, suppress
from typing import TYPE_CHECKING

from collector import clock
from collector.clock import Instant
from collector.errors import CollectorError, DatabaseError
from collector.log import Folded, get_logger
from collector.records.gap import Gap
from collector.store.asked import Asked, Step, Then
from collector.store.buffer import Batch, Buffer, Flight, Lost, Outcome
from collector.store.database import transaction
from collector.store.failures import REFUSALS, Failure, Trouble, classify, in_words
from collector.store.home import NOWHERE, Home
from collector.store.inserting import Inserting, Late
from collector.store.listeners import Stored, Timed, nobody

if TYPE_CHECKING:
    from collector.sqlite import sqlite3

log = get_logger("writer")

LONGEST_WAIT = 5.0
# What may be over soon, so that a step is worth another try.
PASSING = ("busy", "full", "io", "readonly", "unreachable", "moved", "closed")
BACK_OFF = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
GIVE_UP_SECONDS = 2.0  # how long a disk that refuses may hold up the end


class Writer:
    """Owns the read-write connection from the moment it is given to it."""

    def __init__(
        self,
        conn: sqlite3.Connection,
        buffer: Buffer,
        timed: Timed = nobody,
        stored: Stored = nobody,
        late: Late = nobody,
        home: Home = NOWHERE,
    ) -> None:
        self._conn = conn
        self._home = home
        self._suspected = False
        self._buffer = buffer
        self._timed = timed
        self._stored = stored
        self._inserting = Inserting(late)
        self._flight: Flight | None = None
        self._asked: deque[Asked] = deque()
        self._doing: Asked | None = None
        self._held = False  # a step has met what passes: those that wait for room do so behind it
        self._failures = 0
        self._retry_at = 0.0
        self._stuck_as: Failure | None = None
        self._why = ""
        self._stuck = Folded(log, "writer.stuck")
        self._unmended = Folded(log, "writer.not_mended", level="error")
        self._broken = Folded(log, "writer.broken", level="error")
        self._no_room = Folded(log, "writer.no_room")
        self._untold: deque[tuple[Batch, Outcome]] = deque()
        self._thread: threading.Thread | None = None
        self._closing = threading.Event()
        self._called = threading.Event()  # while it waits for another try: something may be done before
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

    def ask(
        self,
        name: str,
        step: Step,
        *,
        transaction: bool = True,
        waits_for_room: bool = True,
        then: Then | None = None,
    ) -> Asked:
        """Have ``step(connection)`` run in the writer's thread, in a transaction of its own unless told.

        On a full disk one that has no such transaction, or does not wait for room, fails at once, with
        Trouble; the others are tried again. ``then`` is called in that thread when the step is committed or
        has failed; it must not block.
        """
        asked = Asked(name, step, transaction=transaction, waits_for_room=waits_for_room, then=then)
        self._asked.append(asked)
        self._buffer.nudge()
        self._called.set()
        if self._ended:
            self._refuse_asked()
        return asked

    def suspect(self) -> None:
        """Somebody who reads the file found it damaged: look at it before anything more is written."""
        self._suspected = True
        self._buffer.nudge()

    @property
    def stuck(self) -> str | None:
        """Why nothing can be written at present, in words; None when all is well."""
        return self._why if self._stuck_as else None

    def step(self, now: Instant) -> bool:
        """One turn: flush what is due, then do one asked step. True when there was work."""
        self.progress = now.monotonic
        if now.monotonic < self._retry_at:
            return self._do_meanwhile(now)
        self._held = False
        if self._suspected:
            self._suspected = False
            self._mend("corrupt", sure=False)
        worked = False
        if self._flight is not None or self._buffer.due(now.monotonic):
            self._flight = self._flight if self._flight is not None else self._buffer.take()
            worked = self._try_flush(now)
            if not worked:
                return self._do_meanwhile(now)
        self._tell()
        if self._asked:
            worked = self._do_asked(self._asked.popleft(), now)
        return worked

    def close(self, timeout: float, last: Step | None = None) -> bool:
        """Take nothing more, write what is there, do ``last``, and end; False when something was left.

        What is left is counted as dropped. Closing twice is fine. A writer that was never started
        does all this in the caller's thread.
        """
        self._last = self._last or last
        self._closing.set()
        self._called.set()
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
        over = False
        try:
            while not over:
                try:
                    over = self._turn()
                except BaseException as error:  # noqa: BLE001  # the edge of this thread: whatever it was, an exit too, recording goes on
                    self._survive(error, clock.now())
        finally:
            self._ended = True
            self._refuse_asked()

    def _turn(self) -> bool:
        """Wait for work and do some; True at the end."""
        if self._drained():
            return True
        self._wait()
        self.step(clock.now())
        return False

    def _survive(self, error: BaseException, now: Instant) -> None:
        """Something nobody foresaw: what is in flight is tried again, what was told or asked is not."""
        if not isinstance(error, Exception):  # it is to end this thread, and must end no other that asked
            error = CollectorError(f"{type(error).__name__} in the writer: {error}")
        self._broken.happened(now.monotonic, error=f"{type(error).__name__}: {error}")
        with suppress(*REFUSALS):  # what that means, the next turn is told
            self._conn.rollback()
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
            self._called.clear()  # before it is looked at what may be done: no call is overheard
            pause = self._retry_at - time.monotonic()
            if self._closing.is_set():
                time.sleep(BACK_OFF[0])
                self._retry_at = 0.0
            elif pause > 0 and self._may_be_done() is None:
                self._called.wait(pause)
        elif not self._asked and not self._untold:
            self._buffer.wait(time.monotonic, LONGEST_WAIT)

    def _try_flush(self, now: Instant) -> bool:
        flight = self._flight
        assert flight is not None
        start = time.perf_counter()
        try:
            self._home.look(recording=True)
            outcomes = self._inserting.flush(self._conn, flight)
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
        # What we say ourselves has the figures; what SQLite says has none.
        ours = isinstance(error, (CollectorError, Trouble))
        self._why = in_words(self._stuck_as) + (f": {error}" if ours else "")
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
        if self._mend(self._stuck_as, sure=True):
            self._retry_at = monotonic

    def _mend(self, failure: Failure, *, sure: bool) -> bool:
        """Have the file put in order where that can be done; True when it is another one from now on."""
        try:
            conn = self._home.mend(failure, sure=sure)
        except Exception as error:  # noqa: BLE001  # an edge: whatever mending met, the next try may well succeed
            if failure in ("closed", "moved", "corrupt"):  # why it cannot be opened says more than that
                cause = classify(error)
                self._stuck_as = cause if cause != "other" else failure
                self._why = _why(error)
            self._unmended.happened(time.monotonic(), failure=in_words(failure), error=str(error))
            return False
        if conn is None:
            return False
        self._conn = conn
        self._unmended.over()
        return True

    def _recovered(self) -> None:
        if self._failures:
            self._stuck.over()
        self._stuck_as, self._failures, self._retry_at = None, 0, 0.0

    def _do_meanwhile(self, now: Instant) -> bool:
        """One asked step while records wait for room: it may be what makes some."""
        asked = self._may_be_done()
        if asked is None:
            return False
        self._asked.remove(asked)
        return self._do_asked(asked, now)

    def _may_be_done(self) -> Asked | None:
        """The first step that need not wait for room with the records.

        It may be there for upkeep though it is to stay free; and less is needed by who makes some.
        """
        if self._stuck_as != "full":
            return None
        waiting = self._asked.copy()  # others ask meanwhile
        return next((asked for asked in waiting if not (self._held and asked.waits_for_room)), None)

    def _do_asked(self, asked: Asked, now: Instant) -> bool:
        """Do an asked step; False when it has to be tried again, since the database was locked."""
        self._doing = asked
        start = time.perf_counter()
        try:
            self._home.look(recording=False)
            with transaction(self._conn) if asked.transaction else nullcontext():
                result = asked.step(self._conn)
        except REFUSALS as error:
            failure = classify(error)
            if failure in PASSING and (asked.transaction if failure != "full" else asked.waits_for_room):
                self._asked.appendleft(asked)
                self._held = True
                self._back_off(error, now.monotonic + time.perf_counter() - start)
                return False
            if failure == "corrupt" and self._mend(failure, sure=True) and asked.is_worth_another_try():
                self._asked.appendleft(asked)  # in a new file it may well succeed
                return False
            self._refused(asked, failure, f"{asked.name}: {in_words(failure)}: {error}")
        except CollectorError as error:
            self._failed(asked, error)
        else:
            asked.finish(result)
            self._no_room.over()
            self._timed(asked.name, (time.perf_counter() - start) * 1000, 0)
        self._doing = None
        if self._flight is None and not self._held:
            self._recovered()
        return True

    def _refused(self, asked: Asked, failure: Failure, why: str) -> None:
        if failure != "full":
            self._failed(asked, DatabaseError(why))
            return
        self._mend(failure, sure=True)  # what can be thrown off is gone at the next try
        self._no_room.happened(time.monotonic(), step=asked.name, error=why)
        asked.finish(error=Trouble(failure, why))

    def _failed(self, asked: Asked, error: Exception) -> None:
        log.warning("writer.step_failed", step=asked.name, error=str(error))
        asked.finish(error=error)


def _why(error: Exception) -> str:
    """Why a file could not be put in order, and what to do."""
    hint = getattr(error, "hint", "")
    return f"{error}: {hint}" if hint else str(error)
