"""The file that is recorded into: opened, watched, and put in order when it fails.

A damaged file is set aside, never deleted, and recording goes on in a new one; one that was deleted is
written again from what is still open; one that was replaced is left as whoever put it there wants it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from collector import clock
from collector.errors import CollectorError, DatabaseError
from collector.log import get_logger
from collector.orm import peewee
from collector.sqlite import sqlite3
from collector.store import schema
from collector.store.database import (
    file_size,
    inode,
    make_folder,
    open_reader,
    open_writer,
    raw,
    shm_path,
    told,
    transaction,
    wal_path,
)
from collector.store.failures import REFUSALS, Failure, Trouble, classify, in_words
from collector.store.recovery import aside, damage, repaired, rescue, spared, undone
from collector.store.recovery.note import Note

if TYPE_CHECKING:
    from collector.store.room import Room

log = get_logger("database")

# A check before READY may take so long: after a recorder that ended in order, and after one that did not.
GLANCE_SECONDS = 0.3
CHECK_SECONDS = 5.0
# The check of pages does not see every index: where writing fails so often, the file is damaged all the same.
CERTAIN = 3
DOUBT_SECONDS = 60.0  # between two failures that belong together
# A disk that spoils whatever is written fills up with files that are set aside: so many an hour are enough.
MOST_AN_HOUR = 5
HOUR_SECONDS = 3600.0
# What passes by itself, or when somebody frees some space: no reason not to start.
_PASSING = ("full", "io", "busy")

# Of another connection, and whether its file may lack what was recorded last: one that was put in its place.
Reopened = Callable[["sqlite3.Connection", bool], object]


class Place:
    """``was_ours``: a record of ours stood here before. ``reopened`` hears of another connection, in the
    thread that asked for it."""

    def __init__(
        self,
        path: Path,
        durability: Literal["full", "normal"],
        room: Room,
        *,
        was_ours: bool,
        guard: Callable[[], object] = lambda: None,
        reopened: Reopened = lambda _, __: None,
    ) -> None:
        self.path, self.room, self.reopened = path, room, reopened
        self._guard = guard
        self._durability, self._was_ours = durability, was_ours
        self._database: peewee.SqliteDatabase | None = None
        self._stands: tuple[object, ...] = ()
        self._notes: list[Note] = []
        self._kept: Path | None = None  # what it held, while another program's file stands in its place
        self._doubts: list[float] = []  # when writing failed as in a damaged file
        self._set_asides: list[float] = []
        self.suspicion: str | None = None  # what somebody has found who looked for longer than the writer may
        self.is_checked = True  # False while the rest of a large file is still to be looked at
        self.recoveries = 0
        self.is_saving = True  # False once nothing is left to be saved from what was set aside

    def open(self) -> bool:
        """Open the file, made or upgraded or set aside as it needs; False when the disk does not let it yet.

        Raises DatabaseError when this cannot be the record's place.
        """
        try:
            self._open(CHECK_SECONDS if inode(wal_path(self.path)) else GLANCE_SECONDS)
            self._kept = None  # what stands there is a record: what lies beside stays there
        except (CollectorError, OSError, *REFUSALS) as error:
            if classify(error) not in _PASSING:
                raise
            self._lighten()
            log.warning("database.waiting", reason=in_words(classify(error)), error=str(error))
        return self._database is not None

    @property
    def conn(self) -> sqlite3.Connection:
        """The connection that writes; a closed one while the file cannot be opened."""
        if self._database is not None:
            return raw(self._database)
        conn = sqlite3.connect(":memory:")
        conn.close()
        return conn

    def close(self) -> None:
        """Close the file; closing twice is fine.

        While somebody reads, closing would leave all that came lately in the log.
        """
        database, self._database = self._database, None
        if database is not None:
            for step in (partial(database.execute_sql, "PRAGMA wal_checkpoint"), database.close):
                with suppress(peewee.PeeweeException, *REFUSALS):  # a damaged file may refuse even this
                    step()

    # What the writer asks. ----------------------------------------------------------------------

    def look(self, *, recording: bool) -> None:
        """Raise Trouble when what would be written now would be lost, or would fill the disk."""
        if self._database is None:
            raise Trouble("closed", str(self.path))
        if self._names() != self._stands:
            raise Trouble("moved", f"{self.path} or its log was deleted or replaced")
        self._guard()
        if recording:
            self.room.look()

    def mend(self, failure: Failure, *, sure: bool) -> sqlite3.Connection | None:
        """Do what can be done; see `collector.store.home.Home`."""
        if self._database is None:
            return self._try_again()
        if failure == "moved":
            return self._return()
        if failure == "corrupt":
            return self._damaged(sure=sure)
        if failure == "full":
            self._lighten()
        return None

    # How. ---------------------------------------------------------------------------------------

    def _open(self, seconds: float) -> None:
        """Up to a file that can be recorded into."""
        self._finish_what_was_begun()
        try:
            self._prepare(seconds)
        except (DatabaseError, *REFUSALS) as error:
            self.close()
            if classify(error) != "corrupt" or not self._may_be_set_aside():
                raise
            self._set_aside(str(error.__cause__ or error))
            self._prepare(seconds)
        self._write_notes()
        self._stands = self._names()

    def _finish_what_was_begun(self) -> None:
        """By a recorder that was killed in the middle of it; nobody has opened anything yet."""
        now_ms = clock.now().wall_ms
        undone.undo(self.path)
        if (half := aside.half_set_aside(self.path)) is not None:
            self._set_aside(f"setting it aside as {half.name} was cut short")
        if (told := rescue.finish(self.path, now_ms)) is not None:
            self._notes.append(told)
            self._kept = told.aside
        if (left := spared.finish(self.path, now_ms)) is not None:
            log.warning("database.spared_log", set_aside=str(left.aside))
            self._notes.append(left)
        if (stray := aside.stray_log(self.path, now_ms)) is not None:
            log.warning("database.stray_log", set_aside=stray.name)
            what = f"the database was missing or empty beside its log, which lies in {stray.name}"
            self._notes.append(Note(stray, "deleted", what))
        elif self._was_ours and not (file_size(self.path) or self._notes or aside.untold(self.path)):
            self._notes.append(
                Note(None, "deleted", "the record that stood here was gone; a new one was begun")
            )
        if self._was_ours and (theirs := aside.foreign_log(self.path, now_ms)) is not None:
            log.error("database.foreign_log", set_aside=theirs.name)
            what = f"the write-ahead log was another database's, and lies in {theirs.name}"
            self._notes.append(Note(theirs, "deleted", what))

    def _prepare(self, seconds: float) -> None:
        """Open, check and bring the schema up to date; what it raises for a damaged file is classified so."""
        if self._was_ours:
            repaired.marks(self.path)
        self._database = open_writer(self.path, self._durability)
        with told(self.path):
            found = damage.look(raw(self._database), seconds)
            if found.damage is not None:
                raise Trouble("corrupt", found.damage)
        self.is_checked = found.complete
        for name in schema.prepare(self._database, self.path):
            log.info("schema.upgraded", migration=name)
        self._was_ours = True

    def _may_be_set_aside(self) -> bool:
        return self._was_ours or repaired.bears_our_marks(self.path)

    def _set_aside(self, detail: str) -> None:
        now = time.monotonic()
        self._set_asides = [at for at in self._set_asides if now - at < HOUR_SECONDS]
        if len(self._set_asides) >= MOST_AN_HOUR:
            raise Trouble(
                "corrupt", f"{MOST_AN_HOUR} files were set aside within an hour: is the disk failing?"
            )
        self._set_asides.append(now)
        self.close()
        lies = aside.set_aside(self.path, clock.now().wall_ms)
        log.error("database.set_aside", damaged=detail, set_aside=str(lies))
        self._notes.append(Note(lies, "damaged", detail))
        self._doubts.clear()

    def _write_notes(self) -> None:
        """Into the new file: what happened, and what of the old one must be there before anything new."""
        is_new = _is_new(self.conn)
        while self._notes:
            self._write(self._notes[0])
            self._notes.pop(0)
        for lies in aside.untold(self.path) if is_new else ():
            self._write(Note(lies, "damaged", "the recorder was killed while it was set aside"))

    def _write(self, note: Note) -> None:
        from collector.store.recovery import salvage  # noqa: PLC0415  # a megabyte that few recorders ever need

        conn = self.conn
        with transaction(conn):
            salvage.begin(conn, note.aside, note.reason, note.detail, clock.now().wall_ms)
        if note.aside is not None:
            aside.told(note.aside)
        self.recoveries += 1
        self.is_saving = True

    def _try_again(self) -> sqlite3.Connection:
        """As before; on a disk that is full, without the ballast the next time."""
        try:
            return self._again()
        except (CollectorError, OSError, *REFUSALS) as error:
            if classify(error) in _PASSING:
                self._lighten()
            raise

    def _lighten(self) -> None:
        """Throw the ballast off, but not where only the room that is to stay free is used up."""
        if self.room.is_needed() and self.room.throw_off():
            log.warning("database.ballast", thrown_off=True, reason=in_words("full"))

    def _again(self) -> sqlite3.Connection:
        """Open what could not be opened before."""
        if self._kept is not None and inode(self.path) is None:
            # The other program's file is gone; its log may not be, and another file may come just now.
            rescue.put(self._kept, self.path, clock.now().wall_ms)
            self._kept, self._notes = None, []
        self._open(CHECK_SECONDS)
        log.info("database.open", path=str(self.path))
        is_older, self._kept = self._kept is not None, None
        self.reopened(self.conn, is_older)
        return self.conn

    def _damaged(self, *, sure: bool) -> sqlite3.Connection | None:
        suspicion = self.suspicion
        detail = self._seen_damage(suspicion)
        if self.suspicion is suspicion:  # what came meanwhile is for the next time
            self.suspicion = None
        if detail is None:
            now = time.monotonic()
            self._doubts = [at for at in self._doubts if now - at < DOUBT_SECONDS] + [now] * sure
            if len(self._doubts) < CERTAIN:
                return None
            detail = f"writing failed {CERTAIN} times as in a damaged file, though its pages are in order"
        self._set_aside(detail)
        return self._again()

    def _seen_damage(self, suspicion: str | None) -> str | None:
        """What somebody sees who opens the file now: our own connection remembers pages as they were."""
        try:
            with closing(open_reader(self.path)) as reader:
                found = damage.look(raw(reader), CHECK_SECONDS)
                return found.damage if found.complete else found.damage or suspicion
        except DatabaseError as error:
            if classify(error) == "corrupt":
                return str(error.__cause__ or error)
            raise

    def _return(self) -> sqlite3.Connection:
        """The name leads to what is open no more: keep that under it, or beside what stands there now."""
        make_folder(self.path)
        self._guard()  # the lock may be gone, too: first of all nobody else may begin
        stands = inode(self.path)
        if stands is not None and stands != self._stands[0]:
            return self._give_way()
        if stands is not None and not file_size(self.path):
            self._set_aside("it was cut to nothing while it was recorded into")
            return self._again()
        what = "the file" if stands is None else "its write-ahead log"
        if stands is None or not rescue.brought_in(self.conn):
            rescued = rescue.copy(self.conn, self.path, self._stands[0])
            self._leave()
            rescue.put(rescued, self.path, clock.now().wall_ms)
        else:
            self._leave()
        self._tell(Note(None, "deleted", f"{what} was deleted; all that it held is here again"))
        return self._again()

    def _give_way(self) -> sqlite3.Connection:
        """To the file that was put in its place, where that is a record; what it held is kept beside."""
        self._kept = kept = rescue.beside(self.conn, self.path, clock.now().wall_ms)
        self._leave()
        self._tell(Note(kept, "replaced", f"another file was put in its place; what it held is {kept.name}"))
        try:
            return self._again()
        except DatabaseError as error:
            raise DatabaseError(
                f"another file is in the record's place ({error.message}); what was recorded is {kept.name}",
                hint="move that file away: then recording goes on where it was",
            ) from error

    def _tell(self, note: Note) -> None:
        log.error("database.moved", reason=note.reason, detail=note.detail)
        self._notes.append(note)

    def _leave(self) -> None:
        """Close what is open, which is copied."""
        with rescue.log_taken_away(self.path, self._stands):
            self.close()

    def _names(self) -> tuple[object, ...]:
        """Which files stand there now."""
        return tuple(map(inode, (self.path, wal_path(self.path), shm_path(self.path))))


def _is_new(conn: sqlite3.Connection) -> bool:
    """Whether nobody has recorded into it yet, nor noted what was before it."""
    ((rows,),) = conn.execute(
        "SELECT (SELECT count(*) FROM recoveries) + (SELECT count(*) FROM recorder_sessions)"
    ).fetchall()
    return int(rows) == 0
