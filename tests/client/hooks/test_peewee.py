"""Peewee, on a real SQLite file: until the last row, and with its transactions."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from collector.client.hooks import peewee as hook
from collector.client.hooks.base import Kept
from collector.orm import peewee
from tests.client.hooks.conftest import SLOW


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Any]:
    """A database with one table, not watched yet."""
    opened: Any = peewee.SqliteDatabase(str(tmp_path / "shop.db"))
    opened.connect()
    opened.execute_sql("CREATE TABLE user (id INTEGER PRIMARY KEY, name TEXT)")
    yield opened
    opened.close()


@pytest.fixture
def user(database: Any) -> Any:
    """A model on it."""

    class User(peewee.Model):
        """Somebody."""

        name = peewee.TextField()

        class Meta:
            database = peewee.DatabaseProxy()

    User._meta.database.initialize(database)
    return User


def names(kept: Kept) -> list[tuple[str, int | None]]:
    """What was told, and how many rows."""
    return [(o["metric_name"], o.get("rows")) for o in kept.operations]


def test_models_and_transactions_are_told(database: Any, user: Any, kept: Kept) -> None:
    """BEGIN and COMMIT among them, which Peewee's own hooks do not see."""
    hook.watch(database, name="shop", client=kept)
    with database.atomic():
        user.create(name="hunter2")
        user.insert_many([("b",), ("c",)], fields=[user.name]).execute()
    assert [u.name for u in user.select().where(user.name != "b")] == ["hunter2", "c"]
    assert names(kept) == [
        ("BEGIN", None), ("INSERT user", 1), ("INSERT user", 2), ("COMMIT", None), ("SELECT user", 2),
    ]  # fmt: skip
    assert {o["dialect"] for o in kept.operations} == {"sqlite"}
    assert {o["metadata"]["database"] for o in kept.operations} == {"shop"}
    assert "hunter2" not in repr(kept.records)


def test_savepoints_are_one_statement(database: Any, kept: Kept) -> None:
    """Peewee gives each a name of its own, which says nothing."""
    hook.watch(database, client=kept)
    with database.atomic(), database.atomic():
        pass
    assert [o["sql"] for o in kept.operations] == ["BEGIN", "SAVEPOINT", "RELEASE", "COMMIT"]


def test_rows_are_timed_while_they_are_fetched(database: Any, kept: Kept) -> None:
    """Peewee's own hook tells of the execute alone."""
    told_by_peewee: list[Any] = []
    database.query_hooks.append(told_by_peewee.append)
    hook.watch(database, client=kept)
    started_ns = time.perf_counter_ns()
    cursor = database.execute_sql(SLOW)
    execute_ms = (time.perf_counter_ns() - started_ns) / 1e6
    assert len(cursor.fetchall()) == 2
    assert len(told_by_peewee) == 1
    assert execute_ms < kept.operations[0]["duration_ms"]


def test_an_error_is_peewees_own_and_is_told(database: Any, kept: Kept) -> None:
    """With the type that the driver raised."""
    hook.watch(database, client=kept)
    with pytest.raises(peewee.OperationalError, match="no such table"):
        database.execute_sql("SELECT * FROM absent")
    assert [(o["success"], o["metadata"]) for o in kept.operations] == [
        (False, {"error": "OperationalError"})
    ]


def test_undone_it_is_as_before(database: Any, user: Any, kept: Kept) -> None:
    """Two watches are undone one by one."""
    first = hook.watch(user._meta.database, client=kept)
    second = hook.watch(database, client=kept)
    user.select().count()
    second()
    user.select().count()
    first()
    first()
    user.select().count()
    assert len(kept.operations) == 3
    assert "cursor" not in vars(database)


def test_a_proxy_without_a_database_is_refused() -> None:
    """Where it is said what to do."""
    with pytest.raises(ValueError, match=r"initialize\(\) it before"):
        hook.watch(peewee.DatabaseProxy())


def test_returning_and_iterators_work_as_before(database: Any, user: Any, kept: Kept) -> None:
    """Peewee holds the cursor in different ways."""
    hook.watch(database, client=kept)
    user.insert_many([("a",), ("b",)], fields=[user.name]).execute()
    assert user.update(name="x").execute() == 2
    assert list(user.update(name="y").returning(user.name).tuples().execute()) == [("y",), ("y",)]
    assert [u.name for u in user.select().iterator()] == ["y", "y"]
    assert user.get(user.id == 1).name == "y"
    assert database.get_tables() == ["user"]
    assert all(o["success"] for o in kept.operations)
