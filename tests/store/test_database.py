"""Connections: one that writes, any number that only read, and sentences for a place that will not do."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from collector.errors import DatabaseError
from collector.sqlite import sqlite3
from collector.store import schema
from collector.store.database import (
    APPLICATION_ID,
    file_size,
    journal_path,
    make_folder,
    open_reader,
    open_writer,
    raw,
    transaction,
    wal_path,
)
from tests.conftest import Store, cpu

NOBODY = 65534


@contextmanager
def as_nobody() -> Iterator[None]:
    """Without root's right to write everywhere; any other user lacks it anyway."""
    if os.geteuid() != 0:
        yield
        return
    os.setresuid(NOBODY, NOBODY, 0)
    try:
        yield
    finally:
        os.setresuid(0, 0, 0)


def foreign(path: Path, *, mark: int = 0) -> bytes:
    """A database of another program; its bytes."""
    conn = sqlite3.connect(str(path), isolation_level=None)
    conn.execute(f"PRAGMA application_id = {mark}")
    if not mark:
        conn.execute("CREATE TABLE photos (name TEXT)")
    conn.close()
    return path.read_bytes()


# The writer ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("durability", "synchronous"), [("full", 2), ("normal", 1)])
def test_the_pragmas_are_in_force(tmp_path: Path, durability: str, synchronous: int) -> None:
    """Read back from a connection, not believed."""
    database = open_writer(tmp_path / "c.db", durability)  # type: ignore[arg-type]
    got = {
        name: database.pragma(name)
        for name in (
            "auto_vacuum",
            "journal_mode",
            "foreign_keys",
            "synchronous",
            "journal_size_limit",
            "temp_store",
        )
    }
    assert got == {
        "auto_vacuum": 2, "journal_mode": "wal", "foreign_keys": 1, "synchronous": synchronous,
        "journal_size_limit": 16 << 20, "temp_store": 2,
    }  # fmt: skip
    database.close()


def test_the_file_and_its_folder_are_made_for_this_user_alone(tmp_path: Path) -> None:
    """The record is private."""
    path = tmp_path / "state/collector/c.db"
    open_writer(path).close()
    assert path.is_file()
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_an_older_file_keeps_the_vacuum_it_was_made_with(tmp_path: Path) -> None:
    """It cannot be changed without rewriting the whole file, so it is no reason to refuse."""
    path = tmp_path / "c.db"
    conn = sqlite3.connect(str(path), isolation_level=None)
    conn.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    conn.execute("CREATE TABLE t (a)")
    conn.close()
    database = open_writer(path)
    assert database.pragma("auto_vacuum") == 0
    database.close()


def test_a_transaction_is_whole_or_nothing(store: Store) -> None:
    """An error inside undoes it, and undoing is open to the one inside."""
    insert = "INSERT INTO gaps (from_ms, to_ms, reason) VALUES (?, 9, 'stall')"
    with pytest.raises(sqlite3.IntegrityError), transaction(store.conn):
        store.conn.executemany(insert, [(1,), (None,)])
    with transaction(store.conn) as undo:
        store.conn.execute(insert, (2,))
        undo()
    with transaction(store.conn):
        store.conn.execute(insert, (3,))
    assert store.rows("SELECT from_ms FROM gaps") == [(3,)]


# Readers ------------------------------------------------------------------------------------------


def test_a_reader_sees_what_is_committed_while_the_writer_is_open(store: Store) -> None:
    """And nothing of what is not."""
    store.put(cpu(1))
    store.flush()
    reader = open_reader(store.path)
    with transaction(store.conn):
        store.conn.execute("DELETE FROM cpu_samples")
        assert raw(reader).execute("SELECT count(*) FROM cpu_samples").fetchone() == (1,)
    assert raw(reader).execute("SELECT count(*) FROM cpu_samples").fetchone() == (0,)
    reader.close()


@pytest.mark.parametrize(
    "statement",
    ["DELETE FROM cpu_samples", "CREATE TABLE t (a)", "PRAGMA user_version = 9", "BEGIN IMMEDIATE"],
)
def test_a_reader_cannot_write(store: Store, statement: str) -> None:
    """Neither rows nor tables, nor take the lock that the writer needs."""
    reader = open_reader(store.path)
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        raw(reader).execute(statement)
    reader.close()


def test_a_path_is_taken_as_it_is(tmp_path: Path) -> None:
    """A name may hold what means something in a URI."""
    path = tmp_path / "50% of #1?mode=rw & ü\udcff.db"
    database = open_writer(path)
    schema.prepare(database, path)
    reader = open_reader(path)
    assert raw(reader).execute("SELECT count(*) FROM gaps").fetchone() == (0,)
    reader.close()
    database.close()
    assert path in set(tmp_path.iterdir())


def test_a_reader_without_a_file_says_how_to_begin(tmp_path: Path) -> None:
    """And makes none."""
    with pytest.raises(DatabaseError, match="nothing is recorded yet: there is no ") as caught:
        open_reader(tmp_path / "c.db")
    assert "collector run" in caught.value.hint
    assert list(tmp_path.iterdir()) == []


# A place that will not do -------------------------------------------------------------------------


def a_directory(folder: Path) -> Path:
    """A directory."""
    return folder


def a_folder_that_is_a_file(folder: Path) -> Path:
    """A folder that is a file."""
    (folder / "taken").write_text("")
    return folder / "taken/c.db"


def a_folder_far_below_a_file(folder: Path) -> Path:
    """A folder far below a file."""
    (folder / "taken").write_text("")
    return folder / "taken/deeper/c.db"


def a_place_where_nobody_can_make_a_folder(_: Path) -> Path:
    """A place where nobody can make a folder."""
    return Path("/proc/collector/c.db")


def a_device(_: Path) -> Path:
    """A device."""
    return Path("/dev/null")


def a_name_that_is_too_long(folder: Path) -> Path:
    """A name that is too long."""
    return folder / ("x" * 300)


def a_file_that_is_no_database(folder: Path) -> Path:
    """A file that is no database."""
    (folder / "c.db").write_bytes(b"once upon a time " * 500)
    return folder / "c.db"


def a_database_of_another_program(folder: Path) -> Path:
    """A database of another program."""
    foreign(folder / "c.db")
    return folder / "c.db"


def an_empty_database_marked_by_another_program(folder: Path) -> Path:
    """An empty database marked by another program."""
    foreign(folder / "c.db", mark=0x0F055112)
    return folder / "c.db"


@pytest.mark.parametrize(
    ("place", "sentence", "hint"),
    [
        (a_directory, "is a directory", "name a file in it"),
        (a_folder_that_is_a_file, "taken is a file, not a folder", "set `database`"),
        (a_folder_far_below_a_file, "is a file, not a folder", "set `database`"),
        (a_place_where_nobody_can_make_a_folder, "/proc/collector: No such file", "set `database`"),
        (a_device, "/dev/null is a device or a pipe", "set `database`"),
        (a_name_that_is_too_long, "File name too long", "set `database`"),
        (a_file_that_is_no_database, "the database file is damaged", "not a SQLite database"),
        (a_database_of_another_program, "is a SQLite database of another program", "name another file"),
        (an_empty_database_marked_by_another_program, "of another program", "name another file"),
    ],
)  # fmt: skip
def test_a_place_that_will_not_do_is_refused_in_one_sentence(
    tmp_path: Path, place: Callable[[Path], Path], sentence: str, hint: str
) -> None:
    """What and where, then what to do."""
    path = place(tmp_path)
    with pytest.raises(DatabaseError, match=sentence) as caught:
        open_writer(path)
    assert "\n" not in caught.value.message
    assert hint in caught.value.hint


@pytest.mark.parametrize("mark", [0, 0x0F055112])
def test_a_database_of_another_program_is_left_as_it_was(tmp_path: Path, mark: int) -> None:
    """Byte for byte: switching it to WAL would change it for ever."""
    path = tmp_path / "photos.db"
    before = foreign(path, mark=mark)
    for open_it in (open_writer, open_reader):
        with pytest.raises(DatabaseError):
            open_it(path)
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["photos.db"]


@pytest.mark.parametrize("size", [0, 1])
def test_a_file_with_nothing_in_it_may_become_ours(tmp_path: Path, size: int) -> None:
    """As a temporary file is made before it is named, or a first start that was killed left one."""
    path = tmp_path / "c.db"
    if size:
        conn = sqlite3.connect(str(path), isolation_level=None)
        conn.execute("PRAGMA journal_mode = wal")
        conn.close()
    else:
        path.touch()
    database = open_writer(path)
    assert schema.prepare(database, path) == []
    database.close()


def test_a_folder_that_this_user_may_not_write_is_refused() -> None:
    """Before SQLite is asked, whose words would help nobody."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o555)
        with as_nobody(), pytest.raises(DatabaseError, match="this user may not write there") as caught:
            open_writer(folder / "c.db")
        assert "set `database`" in caught.value.hint
        folder.chmod(0o755)


def test_a_file_that_this_user_may_not_write_is_refused() -> None:
    """Though the folder is open."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "c.db").touch()
        (folder / "c.db").chmod(0o444)
        folder.chmod(0o777)
        with as_nobody(), pytest.raises(DatabaseError, match="this user may not write there"):
            open_writer(folder / "c.db")


def test_a_folder_that_is_closed_to_this_user_is_refused(tmp_path: Path) -> None:
    """Whether anything is behind it cannot even be seen."""
    (tmp_path / "closed").mkdir(mode=0o000)
    with as_nobody():
        for attempt in (open_writer, open_reader, make_folder):
            with pytest.raises(DatabaseError, match="Permission denied"):
                attempt(tmp_path / "closed/inner/c.db")
    (tmp_path / "closed").chmod(0o755)


def test_sizes_of_files_are_told_without_opening_them(store: Store) -> None:
    """Opening the database outside SQLite would drop its locks."""
    assert file_size(store.path) > 0
    assert file_size(wal_path(store.path)) > 0
    assert file_size(store.path.with_name("nowhere")) == 0


KILLED_HALF_WAY = """
import os, signal, sqlite3, sys
conn = sqlite3.connect(sys.argv[1])
conn.execute(f"PRAGMA application_id = {sys.argv[2]}")
conn.execute("PRAGMA cache_size = 1")
conn.execute("CREATE TABLE t (a)")
conn.commit()
conn.executemany("INSERT INTO t VALUES (?)", [("x" * 3000,)] * 200)
os.kill(os.getpid(), signal.SIGKILL)
"""


def killed_half_way(path: Path, application_id: int) -> None:
    """Leave a file whose last transaction is to be undone."""
    subprocess.run([sys.executable, "-c", KILLED_HALF_WAY, path, str(application_id)], check=False)
    assert file_size(journal_path(path)) > 0


def test_what_a_killed_process_left_half_done_is_undone_first(tmp_path: Path) -> None:
    """A file killed before it kept a write-ahead log has a journal, which who only reads may not touch."""
    path = tmp_path / "c.db"
    killed_half_way(path, APPLICATION_ID)
    database = open_writer(path)
    assert raw(database).execute("SELECT count(*) FROM t").fetchall() == [(0,)]
    database.close()


def test_a_first_page_that_a_power_cut_has_torn_is_undone_too(tmp_path: Path) -> None:
    """It is not damaged: the journal, which was on the disk before it, has what stood there."""
    path = tmp_path / "c.db"
    killed_half_way(path, APPLICATION_ID)
    with path.open("r+b") as file:
        file.write(bytes(512))  # the sector with the header
    database = open_writer(path)
    assert raw(database).execute("SELECT count(*) FROM t").fetchall() == [(0,)]
    database.close()


def test_what_another_program_left_half_done_is_its_own_business(tmp_path: Path) -> None:
    """Its journal stays."""
    path = tmp_path / "c.db"
    killed_half_way(path, 7)
    with pytest.raises(DatabaseError, match="another program"):
        open_writer(path)
    assert file_size(journal_path(path)) > 0
