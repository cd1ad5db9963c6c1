"""A look tells damage from everything else, and takes no longer than it may."""

from __future__ import annotations

from pathlib import Path

import pytest

from collector.sqlite import sqlite3
from collector.store.failures import classify
from collector.store.recovery.damage import LONGEST, look
from tests.store.recovery.old import PAGE, Record, garbled, leaves, recording, zeroed


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A record that is closed."""
    path = tmp_path / "c.db"
    with recording(path) as record:
        record.fill(200)
        record.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path


def test_a_sound_file_is_looked_at_to_the_end(path: Path) -> None:
    """Nothing is wrong with it."""
    with recording(path) as record:
        assert look(record.conn, 10.0) == (None, True)


def test_zeroed_pages_are_told_in_few_words(path: Path) -> None:
    """However many there are."""
    zeroed(*leaves(path, "workload_runs"))(path)
    conn = sqlite3.connect(path)
    damage, complete = look(conn, 10.0)
    conn.close()
    assert complete
    assert damage is not None
    assert "btreeInitPage() returns error code 11" in damage
    assert len(damage) <= LONGEST


def test_a_file_that_cannot_be_opened_is_damaged(path: Path) -> None:
    """Its first page is garbage."""
    garbled(1)(path)
    conn = sqlite3.connect(path)
    assert look(conn, 10.0) == ("file is not a database", True)
    conn.close()


def test_a_look_ends_when_its_time_is_over(path: Path) -> None:
    """It says that it is not complete; the connection is as before."""
    with recording(path) as record:
        assert look(record.conn, -1.0) == (None, False)
        assert look(record.conn, 10.0, lambda: True) == (None, False)
        assert look(record.conn, 10.0) == (None, True)


@pytest.mark.parametrize("left", [1, PAGE - 1])
def test_a_file_that_ends_inside_a_page_is_damaged(path: Path, left: int) -> None:
    """SQLite itself would read zeros there."""
    pages = path.stat().st_size // PAGE
    with path.open("r+b") as file:
        file.truncate((pages - 1) * PAGE + left)
    conn = sqlite3.connect(path)
    damage, _ = look(conn, 10.0)
    conn.close()
    assert damage is not None
    assert damage.startswith(f"the file ends in the middle of page {pages}")


def test_a_page_that_a_checkpoint_wrote_in_part_is_in_the_log(path: Path) -> None:
    """As where the disk was full: the file is in order."""
    with recording(path) as record:
        record.conn.execute("PRAGMA wal_autocheckpoint = 0")
        record.conn.execute("CREATE TABLE more (of BLOB) STRICT")
        record.conn.execute("INSERT INTO more VALUES (zeroblob(100000))")
        with path.open("ab") as file:
            file.write(b"x" * 100)
        assert look(record.conn, 10.0) == (None, True)


def test_what_lies_behind_the_last_page_is_no_damage(path: Path) -> None:
    """Nobody reads it."""
    with path.open("ab") as file:
        file.write(b"x" * 100)
    conn = sqlite3.connect(path)
    assert look(conn, 10.0) == (None, True)
    conn.close()


def test_a_locked_file_is_not_damaged(path: Path) -> None:
    """A lock is raised as it is."""
    holder = Record(path)
    holder.conn.execute("PRAGMA locking_mode = EXCLUSIVE")
    holder.conn.execute("BEGIN EXCLUSIVE")
    conn = sqlite3.connect(path, timeout=0)
    with pytest.raises(sqlite3.OperationalError) as caught:
        look(conn, 10.0)
    assert classify(caught.value) == "busy"
    conn.close()
    holder.conn.execute("ROLLBACK")
    holder.close()
