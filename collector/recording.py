"""What a run of the recorder holds of its database: the lock, the file, the writer and the session's row."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from collector import __version__, clock, ownership
from collector.intake.listener import refuse_living
from collector.log import get_logger
from collector.store import sessions
from collector.store.lock import InstanceLock
from collector.store.recovery.place import Place
from collector.store.rollups.rolling import Rollups
from collector.store.room import Room
from collector.store.writer import Writer
from collector.workloads.stamp import boot_id, machine_id_hash

if TYPE_CHECKING:
    from collector.clock import Instant
    from collector.hearing import Hearing
    from collector.settings import Settings, WorkloadSettings
    from collector.sqlite import sqlite3
    from collector.store.buffer import Buffer

log = get_logger("daemon")

WRITER_STOP_SECONDS = 4.0
# Before READY; a disk that does not let us write yet holds up the start no longer.
FIRST_COMMIT_SECONDS = 10.0
LOOK_SECONDS = 0.5


class Recording:
    """Its parts are entered in the order in which they stand here, and left in reverse."""

    def __init__(self, settings: Settings, buffer: Buffer, hearing: Hearing, started: Instant) -> None:
        self._settings, self._buffer, self._hearing, self._started = settings, buffer, hearing, started
        self._lock = InstanceLock(settings.database)
        self._origin = sessions.Origin(
            machine_id_hash(), boot_id(), __version__, os.getpid(), os.uname().release
        )
        self._session: int | None = None
        self._workloads = settings.workloads
        self.drained = True

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Last to end: while anything of ours may touch the file, no second daemon may begin."""
        self._lock.acquire("collector run", self._settings.socket)
        try:
            refuse_living(self._settings.socket)  # its lock may have been deleted under it
            yield
        finally:
            if self.drained:  # a hung writer still holds the file: then the end of the process lets go
                self._lock.release()

    @contextmanager
    def writing(self) -> Iterator[Writer]:
        """Ends after everyone who records, so that all they put is written; then the database closes."""
        where, path = self._settings.collector, self._settings.database
        room = Room(path, where.minimum_free, where.ballast)
        self.place = place = Place(
            path, where.durability, room, was_ours=self._lock.is_ours, guard=self._lock.renew
        )
        if place.open():
            self._lock.mark()
            self._hearing.begin(place.conn)
        place.reopened = self._reopened
        for fault in ownership.faults(path.parent):
            log.warning("database.exposed", reason=fault)
        heard = self._hearing
        self.writer = writer = Writer(
            place.conn, self._buffer, heard.timed, heard.stored, Rollups().late, place
        )
        writer.start()
        try:
            yield writer
        finally:
            self.drained = writer.close(WRITER_STOP_SECONDS, self._end)
            if self.drained:
                place.close()  # a hung writer still uses it: leave it to the end of the process

    @contextmanager
    def session(self, patience_seconds: float = FIRST_COMMIT_SECONDS) -> Iterator[None]:
        """Its end is the writer's last step, since only then are the final counts known.

        Begins with the first commit, or without it after ``patience_seconds``.
        """
        begin = sessions.begin(self._origin, self._started.wall_ms)
        asked = self.writer.ask("session.begin", begin, then=self._begun)
        until = time.monotonic() + patience_seconds
        while not asked.is_done(LOOK_SECONDS) and time.monotonic() < until and self.writer.stuck is None:
            pass
        if asked.is_done(0):
            asked.wait(0)
        else:
            # A full disk, a lock of another program, a disk that is silent: what is recorded meanwhile waits
            # in the buffer.
            log.warning("recorder.waiting", reason=self.writer.stuck or "the disk has not answered yet")
        self.register(self._workloads)
        yield

    def register(self, workloads: tuple[WorkloadSettings, ...]) -> None:
        """Have the table say what the config says."""
        self._workloads = workloads
        self._ask_to_register()

    def _ask_to_register(self) -> None:
        self.writer.ask("workloads.register", self._registered)

    # All of these in the writer's thread. -------------------------------------------------------

    def _begun(self, begun: sessions.Begun | None, _: BaseException | None) -> None:
        """The first commit."""
        if begun is None:
            return
        self._lock.mark()  # now the disk takes what it may have refused before
        self._session = begun.id
        if begun.unclean_since is not None:
            log.warning("session.unclean", last_sign=begun.unclean_since, reason="the last one was killed")

    def _reopened(self, conn: sqlite3.Connection, is_older: bool) -> None:
        """The record goes on in another file, which may be of a time before."""
        self._lock.mark()
        self._hearing.begin(conn)
        if self._session is not None:
            begun = (self._session, self._origin, self._started.wall_ms)
            self.writer.ask("session.again", sessions.again(*begun, clock.now().wall_ms, is_older=is_older))
            self._ask_to_register()

    def _registered(self, conn: sqlite3.Connection) -> None:
        """What the config says by now: it may have been read again since this was asked for."""
        rows = [sessions.registered(workload) for workload in self._workloads]
        sessions.register(rows, clock.now().wall_ms)(conn)

    def _end(self, conn: sqlite3.Connection) -> None:
        if self._session is not None:
            sessions.end(self._session, lambda: clock.now().wall_ms, self._buffer.counts)(conn)
