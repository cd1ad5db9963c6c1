"""SQLAlchemy by its events, on real SQLite files."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from collector.client.hooks import sqlalchemy as hook
from collector.client.hooks.base import Kept
from tests.client.hooks.conftest import SLOW


class Base(DeclarativeBase):
    """The application's models."""


class User(Base):
    """Somebody."""

    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[sa.Engine]:
    """An engine with one table, not watched yet."""
    made = sa.create_engine(f"sqlite:///{tmp_path / 'shop.db'}")
    Base.metadata.create_all(made)
    yield made
    made.dispose()


@pytest.fixture
def users(engine: sa.Engine) -> sa.Engine:
    """The engine, with three of them in it."""
    with Session(engine) as session:
        session.add_all([User(name=name) for name in ("ann", "bob", "hunter2")])
        session.commit()
    return engine


def names(kept: Kept) -> list[tuple[str, int | None]]:
    """What was told, and how many rows."""
    return [(o["metric_name"], o.get("rows")) for o in kept.operations]


def test_models_are_told_with_rows_and_without_values(engine: sa.Engine, kept: Kept) -> None:
    """What the ORM writes and reads."""
    hook.watch(engine, name="shop", client=kept)
    with Session(engine) as session:
        session.add(User(name="hunter2"))
        session.commit()
        assert [u.name for u in session.scalars(sa.select(User).where(User.name == "hunter2"))] == ["hunter2"]
        session.execute(sa.update(User).values(name="hunter2"))
    assert names(kept) == [("INSERT users", 1), ("SELECT users", 1), ("UPDATE users", 1)]
    assert {o["dialect"] for o in kept.operations} == {"sqlite"}
    assert {o["metadata"]["database"] for o in kept.operations} == {"shop"}
    assert "hunter2" not in repr(kept.records)


def test_many_at_once_tell_how_many(engine: sa.Engine, kept: Kept) -> None:
    """As the driver's executemany, and as INSERTs of many values with RETURNING."""
    hook.watch(engine, client=kept)
    with engine.begin() as connection:
        connection.execute(sa.insert(User), [{"name": "a"}, {"name": "b"}])
        returning = sa.insert(User).returning(User.id)
        assert len(connection.execute(returning, [{"name": "c"}, {"name": "d"}, {"name": "e"}]).all()) == 3
    assert [o["metadata"]["executemany"] for o in kept.operations] == [2, 3]
    assert kept.operations[0]["rows"] == 2


def test_rows_are_timed_while_they_are_fetched(users: sa.Engine, kept: Kept) -> None:
    """The execute alone is a part of what is told."""
    hook.watch(users, client=kept)
    with users.connect() as connection:
        started_ns = time.perf_counter_ns()
        result = connection.exec_driver_sql(SLOW)
        execute_ms = (time.perf_counter_ns() - started_ns) / 1e6
        assert kept.operations == []
        assert len(result.all()) == 2
    assert execute_ms < kept.operations[0]["duration_ms"]


@pytest.mark.parametrize(
    ("read", "rows"),
    [
        (lambda r: r.all(), 3),
        (list, 3),
        (lambda r: r.fetchmany(2) + r.fetchmany(2) + r.fetchmany(2), 3),
        (lambda r: [p for part in r.partitions(2) for p in part], None),
        (lambda r: r.first(), 1),
        (lambda r: r.fetchone(), 1),
        (lambda r: r.close(), None),
        (lambda r: r.yield_per(1).all(), None),
    ],
)
def test_a_result_may_be_read_in_any_way(users: sa.Engine, kept: Kept, read: Any, rows: int | None) -> None:
    """It is told once, with the rows that were fetched."""
    with users.connect() as connection:
        expected = read(connection.execute(sa.select(User.name)))
    hook.watch(users, client=kept)
    with users.connect() as connection:
        assert read(connection.execute(sa.select(User.name))) == expected
    assert len(kept.operations) == 1
    if rows is not None:
        assert kept.operations[0]["rows"] == rows


@pytest.mark.parametrize("close", [lambda r: r.close(), lambda r: r.first(), lambda r: r.scalar()])
def test_a_closed_result_is_told_though_it_is_kept(users: sa.Engine, kept: Kept, close: Any) -> None:
    """By whoever still holds it."""
    hook.watch(users, client=kept)
    with users.connect() as connection:
        result = connection.execute(sa.select(User.name))
        close(result)
        assert len(kept.operations) == 1
        del result


def test_results_that_are_buffered_are_told_at_once(users: sa.Engine, kept: Kept) -> None:
    """Their fetch is SQLAlchemy's own affair."""
    hook.watch(users, client=kept)
    with users.connect() as connection:
        options = {"stream_results": True, "yield_per": 2}
        result = connection.execute(sa.select(User.name), execution_options=options)
        assert len(kept.operations) == 1
        assert len(result.all()) == 3


def test_errors_pass_through_and_are_told(users: sa.Engine, kept: Kept) -> None:
    """When executing, and when fetching."""

    def broken(_: str) -> None:
        raise RuntimeError

    hook.watch(users, client=kept)
    with users.connect() as connection:
        with pytest.raises(sa.exc.OperationalError, match="no such table"):
            connection.exec_driver_sql("SELECT * FROM absent")
        connection.connection.driver_connection.create_function("broken", 1, broken)  # type: ignore[union-attr]
        result = connection.exec_driver_sql("SELECT name, CASE WHEN id > 1 THEN broken(name) END FROM users")
        with pytest.raises(sa.exc.OperationalError, match="user-defined function"):
            result.all()
    assert [(o["success"], o["metadata"]) for o in kept.operations] == [
        (False, {"error": "OperationalError"}), (False, {"error": "OperationalError"}),
    ]  # fmt: skip


def test_undone_nothing_is_told(users: sa.Engine, kept: Kept) -> None:
    """Two watches are undone one by one; twice does no harm."""
    first, second = hook.watch(users, client=kept), hook.watch(users, client=kept)
    with users.connect() as connection:
        connection.execute(sa.select(User)).all()
        first()
        first()
        connection.execute(sa.select(User)).all()
        second()
        connection.execute(sa.select(User)).all()
    assert names(kept) == [("SELECT users", 3)] * 3


def test_two_threads_and_nested_results_are_told_apart(users: sa.Engine, kept: Kept) -> None:
    """Each statement has its own context."""
    hook.watch(users, client=kept)

    def work() -> None:
        with users.connect() as connection:
            for _ in connection.execute(sa.select(User)):
                connection.execute(sa.select(User).where(User.id == 1)).all()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(o["rows"] for o in kept.operations) == [1, 1, 1, 1, 1, 1, 3, 3]
