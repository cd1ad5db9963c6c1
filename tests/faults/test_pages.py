"""Where rows lie in a file, found without SQLite."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from collector.sqlite import sqlite3
from collector.store.database import wal_path
from tests.faults.pages import PAGE, Layout, in_file, view

ROWS = 500
LONG = 30_000  # does not fit a page


@pytest.fixture
def conn(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """An open database with small and large rows, some of them in its log only."""
    with closing(sqlite3.connect(tmp_path / "c.db", isolation_level=None)) as conn:
        conn.execute("PRAGMA journal_mode = WAL")
        conn.execute("CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT)")
        conn.executemany("INSERT INTO notes VALUES (?, ?)", [(n, f"small {n}") for n in range(ROWS)])
        conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        conn.execute("INSERT INTO notes VALUES (?, ?)", (ROWS, "x" * LONG))
        yield conn


def test_a_reader_sees_the_pages_of_the_log(conn: sqlite3.Connection, tmp_path: Path) -> None:
    """They are those that the file has after a checkpoint."""
    path = tmp_path / "c.db"
    seen = view(path)
    assert wal_path(path).stat().st_size > 0
    conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert in_file(path.read_bytes()) == seen


def test_each_row_lies_on_the_pages_that_hold_its_bytes(conn: sqlite3.Connection, tmp_path: Path) -> None:
    """A long one on all of its pages, and none is left out."""
    conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    layout = Layout(tmp_path / "c.db")
    rows = layout.rows("notes")
    assert list(range(ROWS + 1)) == sorted(rows)
    for number in range(ROWS):
        (own,) = rows[number].own
        assert f"small {number}".encode() in layout.pages[own]
    held = sum(layout.pages[page].count(b"x") for page in rows[ROWS].own)
    assert (held, len(rows[ROWS].own)) == (LONG, LONG // PAGE + 1)


def test_the_end_of_a_table_is_reached_over_its_root_and_the_schema(
    conn: sqlite3.Connection, tmp_path: Path
) -> None:
    """The pages on the way to the last row, itself included."""
    conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    layout = Layout(tmp_path / "c.db")
    assert {1, 2} < layout.end("notes")
    assert layout.rows("notes")[ROWS].all == layout.end("notes")
