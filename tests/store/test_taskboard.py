"""A taskboard's users, read from a real database that another program made."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from collector.sqlite import sqlite3
from collector.store import taskboard
from collector.store.taskboard import Tasks
from tests.conftest import START

NOW = START.wall_ms
DAY = 86_400_000
Events = Callable[[], list[dict[str, Any]]]

SCHEMA = """
    CREATE TABLE users (id, email TEXT);
    CREATE TABLE projects (id INTEGER PRIMARY KEY, user_id);
    CREATE TABLE lists (id INTEGER PRIMARY KEY, user_id);
    CREATE TABLE tasks (id INTEGER PRIMARY KEY, user_id, status TEXT, created_at, updated_at);
"""


@pytest.fixture(autouse=True)
def _told_anew() -> Iterator[None]:
    """No complaint of another test keeps one of this one quiet."""
    taskboard._unreadable.over()
    yield
    taskboard._unreadable.over()


@pytest.fixture
def board(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """An empty taskboard; what is added is committed at once."""
    conn = sqlite3.connect(tmp_path / "tasks ü.db", isolation_level=None)
    conn.executescript(SCHEMA)
    yield conn
    conn.close()


def path(board: sqlite3.Connection) -> Path:
    """Where it is."""
    return Path(board.execute("PRAGMA database_list").fetchone()[2])


def add_tasks(board: sqlite3.Connection, *tasks: tuple[Any, ...]) -> None:
    """Tasks of users: (user, status, created, updated)."""
    board.executemany(
        "INSERT INTO tasks (user_id, status, created_at, updated_at) VALUES (?, ?, ?, ?)", tasks
    )


def test_every_user_is_counted_once(board: sqlite3.Connection) -> None:
    """Tasks, projects and lists side by side do not multiply each other, as joins of all would."""
    board.executescript("""
        INSERT INTO users VALUES ('ada', 'ada@example.org'), ('bob', NULL);
        INSERT INTO projects (user_id) VALUES ('ada'), ('ada'), ('nobody');
        INSERT INTO lists (user_id) VALUES ('ada'), ('ada'), ('ada');
    """)
    add_tasks(
        board,
        ("ada", "completed", NOW - 40 * DAY, NOW - DAY),
        ("ada", "open", NOW - 30 * DAY, NOW - 2 * DAY),
        ("ada", None, NOW, None),
        ("nobody", "open", NOW, NOW),
    )
    assert taskboard.read(path(board), NOW) == {
        "ada": Tasks("ada@example.org", 3, 2, 3, 1, 2, NOW - DAY),
        "bob": Tasks(None, 0, 0, 0, 0, 0, None),
    }


@pytest.mark.parametrize(
    "moment",
    [NOW, float(NOW), "2023-11-14T22:13:20Z", "2023-11-14 22:13:20", "2023-11-14T23:13:20.000+01:00"],
)
def test_times_are_milliseconds_or_iso(board: sqlite3.Connection, moment: Any) -> None:
    """To the millisecond, in any zone."""
    board.execute("INSERT INTO users VALUES (7, 'a@b')")
    add_tasks(board, (7, "open", moment, moment))
    assert taskboard.read(path(board), NOW + taskboard.RECENT_MS)["7"].changed_ms == NOW
    assert taskboard.read(path(board), NOW + taskboard.RECENT_MS)["7"].recent_tasks == 1
    assert taskboard.read(path(board), NOW + taskboard.RECENT_MS + 1)["7"].recent_tasks == 0


def test_a_time_that_is_none_counts_for_nothing(board: sqlite3.Connection) -> None:
    """The task itself counts."""
    board.execute("INSERT INTO users VALUES ('a', 5)")
    add_tasks(board, ("a", "completed", "yesterday", "soon"))
    assert taskboard.read(path(board), NOW)["a"] == Tasks("5", 1, 0, 0, 1, 0, None)


def test_without_a_taskboard_there_is_nobody() -> None:
    """It is a setting, and off by default."""
    assert taskboard.read(None, NOW) == {}


def test_a_missing_file_is_told_once_and_not_made(tmp_path: Path, events: Events) -> None:
    """The refresh goes on without it."""
    place = tmp_path / "none.db"
    assert [taskboard.read(place, NOW) for _ in range(3)] == [{}, {}, {}]
    (event,) = events()
    assert (event["event"], event["path"]) == ("taskboard.unreadable", str(place))
    assert not place.exists()


@pytest.mark.parametrize("what", ["other tables", "no database", "a folder"])
def test_another_file_is_told(tmp_path: Path, events: Events, what: str) -> None:
    """With what SQLite says of it."""
    place = tmp_path / "other"
    if what == "other tables":
        conn = sqlite3.connect(place)
        conn.execute("CREATE TABLE users (name TEXT)")
        conn.close()
    elif what == "no database":
        place.write_bytes(b"not a database " * 1000)
    else:
        place.mkdir()
    assert taskboard.read(place, NOW) == {}
    (event,) = events()
    assert event["event"] == "taskboard.unreadable"
    assert event["error"]


def test_a_locked_one_is_told_and_so_is_its_end(
    board: sqlite3.Connection, events: Events, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody waits long for a file of somebody else."""
    monkeypatch.setattr(taskboard, "BUSY_SECONDS", 0.01)
    board.execute("INSERT INTO users VALUES ('ada', NULL)")
    board.execute("BEGIN EXCLUSIVE")
    assert taskboard.read(path(board), NOW) == {}
    board.execute("ROLLBACK")
    assert list(taskboard.read(path(board), NOW)) == ["ada"]
    assert [event["event"] for event in events()] == ["taskboard.unreadable", "taskboard.unreadable.over"]
