"""Pool statistics with real pools."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.pool import NullPool

from collector.client.hooks.base import Kept
from collector.client.hooks.sqlalchemy_pool import watch_pool
from tests.client.hooks.exhausted import waited

STATES = ("total_connections", "active_connections", "idle_connections", "waiting_connections")


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[sa.Engine]:
    """A pool of one."""
    url = f"sqlite:///{tmp_path / 'shop.db'}"
    made = sa.create_engine(url, pool_size=1, max_overflow=1, pool_timeout=0.01)
    yield made
    made.dispose()


def states(record: dict[str, Any]) -> tuple[int, ...]:
    """Total, active, idle and waiting."""
    return tuple(record[column] for column in STATES)


def test_a_look_has_all_columns(engine: sa.Engine, kept: Kept) -> None:
    """By their own names, the database by its file's."""
    pool = watch_pool(engine, name="main", client=kept)
    with engine.connect():
        pool.report()
    (record,) = kept.of("pool")
    assert (record["pool_name"], record["database_name"]) == ("main", "shop.db")
    assert states(record) == (1, 1, 0, 0)
    assert 0 < record["avg_connection_time_ms"] <= record["max_connection_time_ms"]
    assert record["connection_errors"] == 0
    assert record["recorded_at"] > 0


def test_connections_are_counted_as_they_come_and_go(engine: sa.Engine, kept: Kept) -> None:
    """And times only of those that were taken since the look before."""
    pool = watch_pool(engine, client=kept)
    with engine.connect(), engine.connect():
        pool.report()
    pool.report()
    engine.dispose()
    pool.report()
    assert [states(r) for r in kept.of("pool")] == [(2, 2, 0, 0), (1, 0, 1, 0), (0, 0, 0, 0)]
    assert "avg_connection_time_ms" not in kept.of("pool")[1]


def test_it_reports_by_itself_when_it_is_time(engine: sa.Engine, kept: Kept) -> None:
    """Driven by those who take connections, and no more often than it was told."""
    often = watch_pool(engine, every_seconds=0, client=kept)
    with engine.connect():
        pass
    assert [states(r) for r in kept.of("pool")] == [(1, 1, 0, 0)] * 2
    often.stop()
    kept.records.clear()
    watch_pool(engine, every_seconds=3600, client=kept)
    with engine.connect():
        pass
    assert kept.of("pool") == []


def test_an_exhausted_pool_is_an_error(engine: sa.Engine, kept: Kept) -> None:
    """It passes through; the next look begins anew."""
    pool = watch_pool(engine, client=kept)
    with engine.connect(), engine.connect(), pytest.raises(sa.exc.TimeoutError):
        engine.connect()
    pool.report()
    pool.report()
    assert [r["connection_errors"] for r in kept.of("pool")] == [1, 0]


def test_a_database_that_cannot_be_opened_is_an_error(tmp_path: Path, kept: Kept) -> None:
    """As is whatever keeps a connection from being made."""
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'no' / 'folder.db'}")
    pool = watch_pool(engine, client=kept)
    with pytest.raises(sa.exc.OperationalError):
        engine.connect()
    pool.report()
    assert kept.of("pool")[0]["connection_errors"] == 1


def test_who_waits_is_counted(tmp_path: Path, kept: Kept) -> None:
    """A second thread, while the first holds the only connection."""
    waited(tmp_path / "a.db", kept)
    assert [record["waiting_connections"] for record in kept.of("pool")[-2:]] == [1, 0]


def test_a_pool_without_figures_is_counted_by_its_events(tmp_path: Path, kept: Kept) -> None:
    """And the pool that follows a disposed one is counted once."""
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'a.db'}", poolclass=NullPool)
    pool = watch_pool(engine, client=kept)
    for _ in range(3):
        with engine.connect():
            pool.report()
        pool.report()
        engine.dispose()
    assert [states(r) for r in kept.of("pool")] == [(1, 1, 0, 0), (0, 0, 0, 0)] * 3


def test_stopped_it_is_as_before(engine: sa.Engine, kept: Kept) -> None:
    """After a dispose as well; a second stop does nothing."""
    pool = watch_pool(engine, every_seconds=0, client=kept)
    engine.dispose()
    pool.stop()
    pool.stop()
    kept.records.clear()
    with engine.connect():
        pass
    engine.dispose()
    with engine.connect():
        pass
    assert kept.records == []
    assert "connect" not in vars(engine.pool)


def test_two_watches_are_stopped_in_any_order(engine: sa.Engine, kept: Kept) -> None:
    """The one that is left goes on alone."""
    first = watch_pool(engine, name="first", every_seconds=0, client=kept)
    watch_pool(engine, name="second", every_seconds=0, client=kept)
    first.stop()
    with engine.connect():
        pass
    assert {record["pool_name"] for record in kept.of("pool")} == {"second"}
