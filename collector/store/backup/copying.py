"""A verified copy of a database in one file, taken while another process may write to it.

All steps of SQLite's backup API run inside one read transaction of the connection they read through. So the
copy is of one moment, and never begins anew: without the transaction it would do so after every commit of the
recorder. While the transaction is open the recorder's write-ahead log cannot be emptied; for a database of
500 MB that was 2.4 s on a machine of two cores, during which a recorder logs some kilobytes.
Source: sqlite.org/c3ref/backup_finish.html, and sqlite3_backup_step in backup.c.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol, TypeVar

from collector.errors import CollectorError, DatabaseError
from collector.orm import peewee, select, sqlite3
from collector.store.backup.ended import Recording, end_session
from collector.store.backup.part import Part, told_place
from collector.store.database import file_size, open_reader, raw
from collector.store.failures import Failure, classify, in_words
from collector.units import size

if TYPE_CHECKING:
    from collector.sqlite import sqlite3

PAGES_A_STEP = 2000  # 8 MB: some 40 ms
_MOST_SHOWN = 3
_WRITING = ("full", "readonly", "unreachable")
_ELSEWHERE = "free some space, or name a file on another disk"
_TABLES = "SELECT name FROM sqlite_master WHERE type = 'table' AND rootpage > 0 ORDER BY name"
_SCHEMA = "SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY type, name"
# What SQLite says for a result code, word for word. Source: sqlite3ErrStr in main.c.
_BY_MESSAGE: dict[str, Failure] = {
    "disk I/O error": "io",
    "database or disk is full": "full",
    "database disk image is malformed": "corrupt",
    "file is not a database": "corrupt",
    "attempt to write a readonly database": "readonly",
    "unable to open database file": "unreachable",
    "database is locked": "busy",
}

T = TypeVar("T")
Journal = Literal["delete", "wal"]


class Told(Protocol):
    """Gives the items one by one and tells somebody how many are done, as `terminal.with_progress` does."""

    def __call__(self, items: Sequence[T], doing: str, /) -> Iterator[T]:
        """The items of ``items``."""
        ...


class Source(NamedTuple):
    """What is copied: an open connection that only reads, its file, and what to do when that is damaged.

    ``recording`` is the recorder that goes on meanwhile.
    """

    database: peewee.SqliteDatabase
    path: Path
    advice: str
    recording: Recording | None = None


class Copied(NamedTuple):
    """What a copy holds."""

    bytes: int
    rows: int
    tables: int


class _Contents(NamedTuple):
    mark: int
    version: int
    schema: list[tuple[Any, ...]]
    rows: dict[str, int]


def copy(source: Source, part: Part, target: Path, told: Told, journal: Journal = "delete") -> Copied:
    """Fill ``part`` with a copy of the source as it is now, and verify it; ``target`` is named in errors.

    ``journal`` is the mode that it will be opened in; a file in WAL mode cannot be on read-only media.
    Raises DatabaseError when the source is damaged, and CollectorError when the copy cannot be written.
    """
    with _whose_fault(source, target):
        with _one_moment(source.database):
            expected = _contents(source.database)
            _copy_pages(raw(source.database), part.path, target, told)
        _finish(source, part.path, target, journal)
        copied = _verified(source, part.path, expected, told)
    with told_place(target):
        part.sync()
    return copied


@contextmanager
def _one_moment(database: peewee.SqliteDatabase) -> Iterator[None]:
    """A transaction; the first statement in it decides of which moment it is."""
    conn = raw(database)
    conn.execute("BEGIN")
    try:
        yield
    finally:
        if conn.in_transaction:  # SQLite ends it by itself after some errors
            conn.execute("ROLLBACK")


def _contents(database: peewee.SqliteDatabase) -> _Contents:
    tables = [name for (name,) in select(database, _TABLES)]
    return _Contents(
        database.pragma("application_id"),
        database.pragma("user_version"),
        select(database, _SCHEMA),
        {name: select(database, f"SELECT count(*) FROM {_quoted(name)}")[0][0] for name in tables},  # noqa: S608  # quoted
    )


def _copy_pages(conn: sqlite3.Connection, path: Path, target: Path, told: Told) -> None:
    ((pages,),), ((page_bytes,),) = (
        conn.execute(f"PRAGMA {name}").fetchall() for name in ("page_count", "page_size")
    )
    _refuse_small_disk(target, pages * page_bytes)
    steps = iter(told(range(-(-pages // PAGES_A_STEP)), "copying"))
    copy = sqlite3.connect(str(path), isolation_level=None)
    try:
        # Whatever ends us, nobody takes an unfinished part for a copy: it needs no journal.
        copy.execute("PRAGMA journal_mode = off")
        copy.execute("PRAGMA synchronous = off")
        conn.backup(copy, pages=PAGES_A_STEP, progress=lambda *_: next(steps, None))
    finally:
        copy.close()
        list(steps)  # whatever shows them ends


def _finish(source: Source, path: Path, target: Path, journal: Journal) -> None:
    """End the session in it, and write the mode into the header, which came along with the source's.

    Now, while nobody knows the file: killed while it changes, SQLite leaves a journal, which no connection
    that only reads can roll back.
    """
    copy = sqlite3.connect(str(path), isolation_level=None)
    try:
        copy.execute("PRAGMA synchronous = off")
        ((mode,),) = copy.execute(f"PRAGMA journal_mode = {journal}").fetchall()
        if source.recording:
            end_session(copy, source.recording)
    finally:
        copy.close()
    if mode != journal:
        raise CollectorError(
            f"{target}: SQLite did not take journal_mode = {journal}, it says {mode}",
            hint="is it on a network file system? Name a file on a local disk",
        )


def _refuse_small_disk(target: Path, needed_bytes: int) -> None:
    """Raise CollectorError while nothing is written yet; a disk may still become full later."""
    with told_place(target):
        free_bytes = shutil.disk_usage(target.parent).free
    if free_bytes < needed_bytes:
        raise CollectorError(
            f"{target}: the copy takes {size(needed_bytes)}, and {size(free_bytes)} are free there",
            hint=_ELSEWHERE,
        )


def _verified(source: Source, path: Path, expected: _Contents, told: Told) -> Copied:
    """What the copy holds; raises DatabaseError when it is not what the source held, or not sound."""
    copy = open_reader(path, immutable=True)
    try:
        faults = _faults(copy, [*expected.rows], told)
        if not faults and _contents(copy) != expected:
            faults = ["it does not hold what was copied"]
    finally:
        copy.close()
    if faults:
        more = f"; and {len(faults) - _MOST_SHOWN} more" if len(faults) > _MOST_SHOWN else ""
        found = "; ".join(faults[:_MOST_SHOWN]).replace("\n", " ")
        raise DatabaseError(
            f"the copy of {source.path} is damaged, as that may well be: {found}{more}", hint=source.advice
        )
    return Copied(file_size(path), sum(expected.rows.values()), len(expected.rows))


def _faults(copy: peewee.SqliteDatabase, tables: list[str], told: Told) -> list[str]:
    """What is wrong with it, in SQLite's words.

    A table at a time, so that it can be told how far it is; the list of free pages is in a check of all only,
    and a quick one is enough for that.
    """
    checks = [*(f"integrity_check({_quoted(name)})" for name in tables), "quick_check"]
    found = [
        row
        for check in told(checks, "verifying")
        for (row,) in select(copy, f"PRAGMA {check}")
        if row != "ok"
    ]
    broken = select(copy, "PRAGMA foreign_key_check")
    return [*found, *(f"{table} row {row} refers to no row of {parent}" for table, row, parent, _ in broken)]


@contextmanager
def _whose_fault(source: Source, target: Path) -> Iterator[None]:
    """Turn SQLite's errors into one sentence about the file that is to blame."""
    try:
        yield
    except (peewee.PeeweeException, sqlite3.Error) as error:
        failure = _failure(error)
        words = in_words(failure)
        if failure in _WRITING:  # the source is only read
            raise CollectorError(f"{target}: {words}", hint=_ELSEWHERE) from error
        if failure == "io":
            both = f"{source.path} cannot be copied to {target}"
            raise CollectorError(
                f"{both}: {words}", hint=f"the kernel's log says which; or {_ELSEWHERE}"
            ) from error
        advice = source.advice if failure == "corrupt" else f"SQLite says: {error}"
        raise DatabaseError(f"{source.path}: {words}", hint=advice) from error


def _failure(error: BaseException) -> Failure:
    """As `classify` has it; but pysqlite3 leaves the result code out of what a backup raises."""
    found = classify(error)
    return _BY_MESSAGE.get(str(error), found) if found == "other" else found


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
