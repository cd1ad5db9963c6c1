"""What went wrong in SQLite, told from real errors of a real SQLite."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from collector.orm import peewee, select
from collector.sqlite import sqlite3
from collector.store.failures import REFUSALS, Failure, classify, in_words, is_the_records_fault

TABLE = "CREATE TABLE t (a INTEGER NOT NULL PRIMARY KEY, b TEXT CHECK (b <> 'no')) STRICT"


def connection(path: str = ":memory:") -> sqlite3.Connection:
    """A connection that waits for nobody, with one table."""
    conn = sqlite3.connect(path, isolation_level=None, timeout=0)
    conn.execute(TABLE)
    return conn


def insert(*values: object) -> Callable[[Path], object]:
    """The mistake of inserting these values."""
    return lambda _: connection().execute("INSERT INTO t VALUES (?, ?)", values)


def locked(folder: Path) -> None:
    """Two who want to write at once."""
    one = connection(str(folder / "c.db"))
    one.execute("BEGIN IMMEDIATE")
    sqlite3.connect(str(folder / "c.db"), isolation_level=None, timeout=0).execute("BEGIN IMMEDIATE")


def full(_: Path) -> None:
    """No page is left."""
    conn = connection()
    (pages,) = conn.execute("PRAGMA page_count").fetchone()
    conn.execute(f"PRAGMA max_page_count = {pages}")
    for i in range(100):
        conn.execute("INSERT INTO t VALUES (?, ?)", (i, "x" * 1000))


def readonly(folder: Path) -> None:
    """A connection that may only read."""
    connection(str(folder / "c.db")).close()
    sqlite3.connect(f"file:{folder}/c.db?mode=ro", uri=True).execute("INSERT INTO t VALUES (1, 'a')")


def garbage(folder: Path) -> None:
    """A file that never was a database."""
    (folder / "c.db").write_bytes(b"no database " * 1000)
    sqlite3.connect(str(folder / "c.db")).execute("SELECT * FROM t")


def overwritten(folder: Path) -> None:
    """A database of which most is gone."""
    conn = connection(str(folder / "c.db"))
    conn.executemany("INSERT INTO t VALUES (?, ?)", [(i, "x" * 500) for i in range(100)])
    conn.close()
    data = bytearray((folder / "c.db").read_bytes())
    data[8192:] = b"\xff" * len(data[8192:])
    (folder / "c.db").write_bytes(data)
    sqlite3.connect(str(folder / "c.db")).execute("SELECT * FROM t").fetchall()


def interrupted(_: Path) -> None:
    """Somebody broke it off."""
    conn = connection()
    conn.set_progress_handler(lambda: 1, 1)
    conn.execute("SELECT * FROM t")


def closed(_: Path) -> None:
    """A connection that is no more."""
    conn = connection()
    conn.close()
    conn.execute("SELECT 1")


@pytest.mark.parametrize(
    ("mistake", "failure", "records_fault"),
    [
        (locked, "busy", False),
        (full, "full", False),
        (readonly, "readonly", False),
        (garbage, "corrupt", False),
        (overwritten, "corrupt", False),
        (interrupted, "other", False),
        (closed, "closed", False),
        (lambda folder: sqlite3.connect(str(folder / "no/c.db")), "unreachable", False),
        (lambda _: connection().execute("SELECT * FROM nowhere"), "other", True),
        (insert("x", "a"), "poison", True),
        (insert(1.5, "a"), "poison", True),
        (insert(1, "no"), "poison", True),
        (insert(2**63, "a"), "poison", True),
        (insert(1, "\ud800"), "poison", True),
        (insert(1, ["a"]), "poison", True),
    ],
)
def test_a_real_error_is_told_by_what_it_means(
    tmp_path: Path, mistake: Callable[[Path], object], failure: Failure, *, records_fault: bool
) -> None:
    """Wait, make room, set the record aside: that is what is decided by it."""
    with pytest.raises(REFUSALS) as caught:
        mistake(tmp_path)
    assert classify(caught.value) == failure
    assert is_the_records_fault(caught.value) is records_fault


def test_a_full_disk_is_found_behind_peewees_own_failure() -> None:
    """Peewee rolls back what SQLite has rolled back already, and that error is the one that arrives."""
    database = peewee.SqliteDatabase(":memory:")
    select(database, TABLE)
    ((pages,),) = select(database, "PRAGMA page_count")
    select(database, f"PRAGMA max_page_count = {pages}")
    many = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100)"
    with pytest.raises(peewee.OperationalError) as caught, database.atomic():
        select(database, f"INSERT INTO t {many} SELECT i, hex(zeroblob(500)) FROM n")
    assert classify(caught.value) == "full"
    database.close()


def test_causes_that_go_in_a_circle_are_looked_at_once() -> None:
    """Nothing stops somebody from raising an error from itself."""
    one, two = ValueError("one"), ValueError("two")
    one.__cause__, two.__cause__ = two, one
    assert classify(one) == "other"


def test_every_failure_has_words() -> None:
    """They stand in the log and in what a person is told."""
    failures: tuple[Failure, ...] = (
        "busy",
        "full",
        "readonly",
        "io",
        "unreachable",
        "corrupt",
        "poison",
        "other",
    )
    assert len({in_words(failure) for failure in failures}) == len(failures)
