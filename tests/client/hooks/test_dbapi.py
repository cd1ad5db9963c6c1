"""DB-API 2 timing with the real sqlite3, by proxy and by factory."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from collector.client.hooks import dbapi
from collector.client.hooks.base import Kept
from collector.sqlite import sqlite3 as own
from tests.client.hooks.conftest import SLOW

Open = Callable[..., Any]


@pytest.fixture(params=["proxy", "factory"])
def connect(request: pytest.FixtureRequest, kept: Kept) -> Open:
    """How to open a timed connection, both ways."""
    if request.param == "proxy":
        return lambda path, **kw: dbapi.connect(sqlite3, path, client=kept, **kw)
    timed = dbapi.connection_class(sqlite3.Connection, client=kept)
    return lambda path, **kw: sqlite3.connect(path, factory=timed, **kw)


@pytest.fixture
def connection(connect: Open, kept: Kept, tmp_path: Path) -> Iterator[Any]:
    """A database with three users."""
    with closing(connect(tmp_path / "shop.db")) as opened:
        opened.execute("CREATE TABLE users (name TEXT)")
        opened.executemany("INSERT INTO users VALUES (?)", [("ann",), ("bob",), ("cy",)])
        opened.commit()
        kept.records.clear()
        yield opened


def told(kept: Kept, *columns: str) -> list[tuple[Any, ...]]:
    """Some columns of every operation."""
    return [tuple(operation.get(column) for column in columns) for operation in kept.operations]


def test_a_query_is_one_operation_with_all_its_columns(connection: Any, kept: Kept) -> None:
    """Reported after its last row."""
    before_ms = time.time_ns() // 1_000_000
    assert connection.execute("SELECT name FROM users WHERE name <> ?", ("bob",)).fetchall() == [
        ("ann",),
        ("cy",),
    ]
    (operation,) = kept.operations
    assert operation.pop("duration_ms") > 0
    assert before_ms <= operation.pop("timestamp") <= time.time_ns() // 1_000_000
    assert operation == {
        "metric_type": "query", "metric_name": "SELECT users", "success": True, "rows": 2,
        "sql": "SELECT name FROM users WHERE name <> ?", "dialect": "sqlite",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("fetch", "rows"),
    [
        (lambda c: c.fetchall(), 3),
        (lambda c: [c.fetchone(), c.fetchone(), c.fetchone(), c.fetchone()], 3),
        (list, 3),
        (lambda c: [c.fetchmany(2), c.fetchmany(2)], 3),
        (lambda c: [c.fetchmany(size=2), c.fetchmany()], 3),
        (lambda c: [c.fetchone(), c.close()], 1),
        (lambda c: [next(c), c.execute("SELECT 1").close()], 1),
        (lambda c: c.fetchone(), 1),
        (lambda c: None, None),
    ],
)
def test_the_clock_stops_with_the_last_row_or_the_cursor(
    connection: Any, kept: Kept, fetch: Callable[[Any], Any], rows: int | None
) -> None:
    """Exhausted, closed, used again or dropped: once, with the rows that were fetched."""
    fetch(connection.cursor().execute("SELECT name FROM users"))
    assert told(kept, "metric_name", "rows")[0] == ("SELECT users", rows)
    assert sum(name == "SELECT users" for (name,) in told(kept, "metric_name")) == 1


def test_rows_are_timed_while_they_are_fetched(connection: Any, kept: Kept) -> None:
    """SQLite computes them then: the execute alone is a part of what is told."""
    cursor = connection.cursor()
    started_ns = time.perf_counter_ns()
    cursor.execute(SLOW)
    execute_ms = (time.perf_counter_ns() - started_ns) / 1e6
    assert cursor.fetchall() == [(50000,), (100000,)]
    assert execute_ms < kept.operations[0]["duration_ms"]


def test_what_the_application_does_between_fetches_does_not_count(connection: Any, kept: Kept) -> None:
    """Here it runs a slow query meanwhile, on a cursor of its own: nested, each has its own time."""
    for _ in connection.execute("SELECT name FROM users"):
        connection.execute(SLOW).fetchall()
    quick = [o for o in kept.operations if o["metric_name"] == "SELECT users"]
    slow = [o for o in kept.operations if o["metric_name"] == "WITH n"]
    assert [o["rows"] for o in (*quick, *slow)] == [3, 2, 2, 2]
    assert quick[0]["duration_ms"] < sum(o["duration_ms"] for o in slow)


def test_writes_tell_the_rows_they_changed(connection: Any, kept: Kept) -> None:
    """As the driver counts them; what has none to count tells none."""
    connection.execute("UPDATE users SET name = ? WHERE name <> ?", ("x", "ann"))
    connection.executemany("INSERT INTO users VALUES (?)", [("d",), ("e",)])
    connection.execute("CREATE TABLE more (a)")
    connection.executescript("CREATE TABLE b (a); DROP TABLE b;")
    assert told(kept, "metric_name", "rows") == [
        ("UPDATE users", 2), ("INSERT users", 2), ("CREATE more", None), ("CREATE b", None),
    ]  # fmt: skip


def test_an_error_passes_through_and_is_told(connection: Any, kept: Kept) -> None:
    """With its type; its message may hold data."""
    with pytest.raises(sqlite3.OperationalError, match="no such table: absent"):
        connection.execute("SELECT * FROM absent")
    assert told(kept, "success", "metadata") == [(False, {"error": "OperationalError"})]


def test_an_error_while_fetching_passes_through_and_is_told(connection: Any, kept: Kept) -> None:
    """The very object that the driver raised."""

    def broken(_: str) -> None:
        raise RuntimeError

    connection.create_function("broken", 1, broken)
    with pytest.raises(sqlite3.OperationalError, match="user-defined function raised exception"):
        connection.execute("SELECT broken(name) FROM users").fetchall()
    assert told(kept, "success") == [(False,)]


def test_no_parameter_is_told(connection: Any, kept: Kept) -> None:
    """Not in any column, not in the one of an error."""
    connection.execute("INSERT INTO users VALUES (?)", ("hunter2",))
    connection.execute("SELECT * FROM users WHERE name = :a", {"a": "hunter2"}).fetchall()
    with pytest.raises(sqlite3.Error):
        connection.execute("SELECT abs(?, ?)", ("hunter2", "hunter2"))
    assert len(kept.operations) == 3
    assert "hunter2" not in repr(kept.records)


def test_everything_else_is_as_it_was(connection: Any) -> None:
    """Attributes, transactions, row factories, iteration."""
    connection.row_factory = sqlite3.Row
    cursor = connection.execute("SELECT name FROM users")
    assert [row["name"] for row in cursor] == ["ann", "bob", "cy"]
    assert cursor.description[0][0] == "name"
    with connection as entered:
        assert entered is connection
        entered.execute("DELETE FROM users")
        assert connection.in_transaction
    assert not connection.in_transaction
    assert connection.total_changes == 6
    assert connection.execute("INSERT INTO users VALUES ('x')").lastrowid == 1
    with pytest.raises(AttributeError):
        connection.no_such_thing  # noqa: B018  # to read it is the test
    with pytest.raises(StopIteration):
        next(connection.execute("SELECT 1 WHERE 0"))


def test_a_closed_cursor_says_so_as_before(connection: Any) -> None:
    """The hook adds nothing."""
    cursor = connection.execute("SELECT 1")
    cursor.close()
    for call in (cursor.fetchone, cursor.fetchmany, cursor.fetchall, lambda: next(cursor)):
        with pytest.raises(sqlite3.ProgrammingError, match="closed cursor"):
            call()


def test_two_threads_are_told_apart(connect: Open, kept: Kept, tmp_path: Path) -> None:
    """Each with a connection of its own."""

    def work(number: int) -> None:
        with closing(connect(tmp_path / f"{number}.db")) as own:
            for _ in range(50):
                own.execute("SELECT ?", (number,)).fetchall()

    threads = [threading.Thread(target=work, args=(number,)) for number in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [o["rows"] for o in kept.operations] == [1] * 100


def test_a_recorder_that_fails_changes_nothing(tmp_path: Path) -> None:
    """The rows come all the same."""

    class Broken:
        """Breaks its promise."""

        def record(self, kind: str, /, **fields: Any) -> None:
            raise RuntimeError(kind)

    with closing(dbapi.connect(sqlite3, tmp_path / "a.db", client=Broken())) as connection:
        assert connection.execute("SELECT 1").fetchall() == [(1,)]


def test_the_factory_makes_real_connections_and_cursors(kept: Kept) -> None:
    """For code that insists on the type, with subclasses of the application's own."""

    class OwnCursor(sqlite3.Cursor):
        """The application's."""

    class OwnConnection(sqlite3.Connection):
        """The application's."""

    timed = dbapi.connection_class(OwnConnection, client=kept)
    with closing(sqlite3.connect(":memory:", factory=timed)) as connection:
        assert isinstance(connection, OwnConnection)
        assert isinstance(connection.cursor(), sqlite3.Cursor)
        assert isinstance(connection.cursor(OwnCursor).execute("SELECT 1"), OwnCursor)
        plain = connection.cursor(lambda c: sqlite3.Cursor(c))  # noqa: PLW0108  # not a class
        assert type(plain.execute("SELECT 2")) is sqlite3.Cursor
    assert [o["sql"] for o in kept.operations] == ["SELECT 1"]


def test_the_factory_serves_the_newer_sqlite_as_well(kept: Kept) -> None:
    """Its cursors are those of the module that the connection's class comes from."""
    timed = dbapi.connection_class(own.Connection, client=kept)
    with closing(own.connect(":memory:", factory=timed)) as connection:
        assert isinstance(connection.execute("SELECT 1"), own.Cursor)
    assert len(kept.operations) == 1


def test_a_name_and_a_dialect_can_be_given(kept: Kept) -> None:
    """For drivers that nobody has heard of."""
    opened = dbapi.connect(sqlite3.connect, ":memory:", name="shop", dialect="generic", client=kept)
    with closing(opened) as connection:
        connection.execute("SELECT 1").fetchall()
    assert told(kept, "dialect", "metadata") == [("generic", {"database": "shop"})]
