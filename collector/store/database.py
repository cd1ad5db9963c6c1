"""Connections: one that writes, any number that only read. Pragmas are set, then read back."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import quote

from collector.errors import DatabaseError
from collector.orm import peewee, select, sqlite3
from collector.store import private
from collector.store.failures import classify, in_words

if TYPE_CHECKING:
    from collector.sqlite import sqlite3

# "coll" in ASCII: tells our files from other SQLite files.
APPLICATION_ID = 0x636F6C6C
_PLACE_HINT = "set `database` under [collector] to a place this user can write"
WRITER_BUSY_SECONDS = 2.0
READER_BUSY_SECONDS = 5.0

# In this order: auto_vacuum after journal_mode would silently stay off.
_PRAGMAS: tuple[tuple[str, Any, Any], ...] = (
    ("auto_vacuum", "incremental", 2),
    ("journal_mode", "wal", "wal"),
    ("foreign_keys", 1, 1),
    ("journal_size_limit", 16 << 20, 16 << 20),
    ("temp_store", "memory", 2),
    ("cache_size", -1024, -1024),
)
_SYNCHRONOUS = {"full": 2, "normal": 1}


def open_writer(path: Path, durability: Literal["full", "normal"] = "full") -> peewee.SqliteDatabase:
    """Open the one connection that writes, making the file and its folder if they are missing.

    Raises DatabaseError that says what is wrong with the place, that the file is another program's or
    another user's, or that a pragma did not take.
    """
    make_folder(path)
    with _readable(path):
        private.make(path)
    if file_size(path):
        # Looked at before anything is set: WAL mode would change the file of another program for ever.
        if journal_path(path).exists():
            _refuse_unfinished_foreign(path)
            roll_back(path)
        open_reader(path).close()
    with _readable(path):  # now that it is known to be ours
        private.keep((path, wal_path(path), shm_path(path), journal_path(path)))
    database = peewee.SqliteDatabase(
        str(path),
        timeout=WRITER_BUSY_SECONDS,
        check_same_thread=False,
        lock_type="IMMEDIATE",
        thread_safe=False,
    )
    with _closed_on_error(database), told(path):
        database.connect()
        _set_pragmas(database, path, [*_PRAGMAS, ("synchronous", durability, _SYNCHRONOUS[durability])])
    return database


def _refuse_unfinished_foreign(path: Path) -> None:
    """Raise DatabaseError for another program's file, whose journal is its own business.

    After a power cut the first page may be torn, so that nothing can be told before it is rolled back: it is
    not damaged then, and whoever opens it would roll it back.
    """
    try:
        open_reader(path, immutable=True).close()
    except DatabaseError as error:
        if classify(error) != "corrupt":
            raise


def roll_back(path: Path) -> None:
    """Have SQLite undo what a killed process left half-done: a connection that only reads cannot.

    So it is after a kill in the middle of a file's first moments, before it keeps a write-ahead log.
    """
    conn = sqlite3.connect(str(path), timeout=WRITER_BUSY_SECONDS, isolation_level=None)
    try:
        with told(path):
            conn.execute("SELECT count(*) FROM sqlite_master").fetchall()
    finally:
        conn.close()


def _set_pragmas(database: peewee.SqliteDatabase, path: Path, wanted: list[tuple[str, Any, Any]]) -> None:
    is_empty = database.pragma("page_count") == 0
    for name, value, _ in wanted:
        database.pragma(name, value)
    for name, _, value in wanted:
        got = database.pragma(name)
        # An older file keeps the auto_vacuum it was made with until it is vacuumed.
        if got != value and (name != "auto_vacuum" or is_empty):
            raise DatabaseError(
                f"{path}: SQLite did not take {name} = {value}, it says {got}",
                hint="is the file on a network or read-only file system? WAL needs a local disk",
            )


def open_reader(path: Path, *, immutable: bool = False) -> peewee.SqliteDatabase:
    """Open a connection that cannot write. Raises DatabaseError when there is no such file, or not ours.

    ``immutable`` says that nobody writes the file now: SQLite then leaves no companions beside it.
    """
    with _readable(path):
        is_there = path.is_file()
    if not is_there:
        raise DatabaseError(
            f"nothing is recorded yet: there is no {path}",
            hint="start the recorder with `collector run`, or `collector service install`",
        )
    database = peewee.SqliteDatabase(
        f"file:{quote(os.fsencode(path))}?mode=ro{'&immutable=1' if immutable else ''}",
        uri=True,
        pragmas=[("query_only", 1)],
        timeout=READER_BUSY_SECONDS,
        check_same_thread=False,
    )
    with _closed_on_error(database), told(path):
        database.connect()
        _refuse_foreign(database, path)
    return database


def foreign(path: Path) -> DatabaseError:
    """What to say about a file that another program made."""
    return DatabaseError(
        f"{path} is a SQLite database of another program",
        hint="name another file as `database` under [collector]",
    )


def _refuse_foreign(database: peewee.SqliteDatabase, path: Path) -> None:
    """A file is ours when it is marked so, and may become ours while it holds nothing."""
    ((objects,),) = select(database, "SELECT count(*) FROM sqlite_master")
    mark = database.pragma("application_id")
    if mark != APPLICATION_ID and (mark or objects):
        raise foreign(path)


@contextmanager
def _closed_on_error(database: peewee.SqliteDatabase) -> Iterator[None]:
    try:
        yield
    except BaseException:
        database.close()
        raise


def raw(database: peewee.SqliteDatabase) -> sqlite3.Connection:
    """The connection of SQLite's own module under an open database, for `executemany`."""
    connect: Any = database.connection  # Peewee's stubs leave it untyped
    conn: sqlite3.Connection = connect()
    return conn


@contextmanager
def transaction(conn: sqlite3.Connection) -> Iterator[Callable[[], object]]:
    """One immediate transaction on a raw connection: all of it or nothing; yields a way to undo it.

    Peewee's own context manager is not used: after SQLite rolled back by itself (disk full), its
    extra ROLLBACK fails and hides the reason.
    """
    conn.execute("BEGIN IMMEDIATE")
    try:
        yield lambda: conn.execute("ROLLBACK")
        if conn.in_transaction:
            conn.execute("COMMIT")
    except BaseException:
        if conn.in_transaction:
            conn.execute("ROLLBACK")
        raise


@contextmanager
def savepoint(conn: sqlite3.Connection) -> Iterator[None]:
    """A part of a transaction that can be undone alone: what raises in it leaves nothing behind."""
    conn.execute("SAVEPOINT part")
    try:
        yield
    except BaseException:
        if conn.in_transaction:
            conn.execute("ROLLBACK TO part")
            conn.execute("RELEASE part")
        raise
    conn.execute("RELEASE part")


@contextmanager
def told(path: Path) -> Iterator[None]:
    """Turn SQLite's errors about the file at ``path`` into a DatabaseError that says what to do."""
    try:
        yield
    except (peewee.PeeweeException, sqlite3.Error) as error:
        failure = classify(error)
        hint = {
            "busy": "wait for it to finish, or find it with `fuser`",
            "full": "free some space and start again",
            "readonly": "make the file and its folder writable for this user",
            "unreachable": _PLACE_HINT,
            "corrupt": "the recorder sets a damaged record aside, at once where it runs, and saves what can"
            " be read of it; if it is not a SQLite database, name another file",
        }.get(failure, f"SQLite says: {error}")
        raise DatabaseError(f"{path}: {in_words(failure)}", hint=hint) from error


def inode(path: Path) -> tuple[int, int] | None:
    """Which file stands at ``path`` now; None when there is none, or it cannot be told."""
    try:
        info = path.stat()
    except OSError:
        return None
    return info.st_dev, info.st_ino


def wal_path(path: Path) -> Path:
    """Where SQLite keeps the write-ahead log of a database."""
    return path.with_name(path.name + "-wal")


def journal_path(path: Path) -> Path:
    """Where SQLite keeps what it may have to undo, in a file without a write-ahead log."""
    return path.with_name(path.name + "-journal")


def shm_path(path: Path) -> Path:
    """Where SQLite keeps the index of that log, which all connections share."""
    return path.with_name(path.name + "-shm")


def sync(path: Path) -> None:
    """Have what was written to a file, or renamed in a folder, on the disk; not for an open database."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def file_size(path: Path) -> int:
    """Size of a file in bytes, 0 when it is not there."""
    try:
        return path.stat().st_size
    except OSError:
        return 0


def make_folder(path: Path) -> None:
    """Make the folder of the database at ``path``; raises DatabaseError when nothing can be kept there."""
    with _readable(path):
        if path.is_dir():
            raise DatabaseError(f"{path} is a directory", hint="name a file in it as the database")
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        is_there = path.exists()
        if is_there and not path.is_file():
            raise DatabaseError(f"{path} is a device or a pipe", hint=_PLACE_HINT)
    if not os.access(path if is_there else path.parent, os.W_OK):
        raise DatabaseError(f"{path}: this user may not write there", hint=_PLACE_HINT)


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Turn the file system's own refusals on the way to ``path`` into a DatabaseError."""
    try:
        yield
    except (FileExistsError, NotADirectoryError) as error:
        raise DatabaseError(f"{path.parent} is a file, not a folder", hint=_PLACE_HINT) from error
    except OSError as error:
        raise DatabaseError(f"{path.parent}: {error.strerror or error}", hint=_PLACE_HINT) from error
