"""Looks at a real PostgreSQL with connections that are really held."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import psycopg
import pytest

from tests.pools.conftest import PASSWORD, Looks, figures, pool

Connect = Callable[..., psycopg.Connection]


@pytest.fixture
def connect(postgresql: str) -> Iterator[Connect]:
    """Opens connections that are closed at the end, and waits until the server has seen that."""
    made: list[psycopg.Connection] = []

    def connect(**keys: str) -> psycopg.Connection:
        made.append(psycopg.connect(postgresql, autocommit=True, **{"password": PASSWORD, **keys}))
        return made[-1]

    yield connect
    watch = psycopg.connect(postgresql, autocommit=True, password=PASSWORD)
    for connection in made:
        connection.close()
    others = "SELECT count(*) FROM pg_stat_activity WHERE datname <> 'bounced' AND pid <> pg_backend_pid()"
    while watch.execute(others).fetchone() != (0,):
        continue
    watch.close()


def test_nobody_is_connected(looks: Looks, postgresql: str) -> None:
    """Our own look is left out; connecting took some time."""
    found = looks(pool(postgresql, name="main"))
    assert figures(found) == {"total": 0, "active": 0, "idle": 0, "waiting": 0, "max": 100}
    assert (found.pool_name, found.database_name, found.connection_errors) == ("main", "postgres", 0)
    assert 0 < found.avg_connection_time_ms == found.max_connection_time_ms


def test_held_connections_are_counted_by_what_they_do(
    looks: Looks, connect: Connect, postgresql: str
) -> None:
    """One that is idle in a transaction is lent out; who waits for a lock is active too."""
    connect()
    holder, waiter = connect(), connect()
    connect(dbname="small")
    holder.execute("BEGIN; LOCK TABLE pg_description")
    waiter.pgconn.send_query(b"BEGIN; LOCK TABLE pg_description")
    found = looks.until(pool(postgresql), lambda record: record.waiting_connections)
    assert figures(found) == {"total": 3, "active": 2, "idle": 1, "waiting": 1, "max": 100}
    holder.execute("ROLLBACK")
    waiter.pgconn.get_result()
    found = looks.until(pool(postgresql), lambda record: record.idle_connections == 2)
    assert figures(found) == {"total": 3, "active": 1, "idle": 2, "waiting": 0, "max": 100}


def test_a_database_may_have_a_limit_of_its_own(looks: Looks, connect: Connect, postgresql: str) -> None:
    """Then that is the most there can be."""
    connect(dbname="small")
    found = looks(pool(postgresql.replace("/postgres?", "/small?"), name="small"))
    assert figures(found) == {"total": 1, "active": 0, "idle": 1, "waiting": 0, "max": 7}


def test_a_user_that_may_not_see_the_others_fails_instead_of_counting_none(
    looks: Looks,
    connect: Connect,
    postgresql: str,
    monkeypatch: pytest.MonkeyPatch,
    events: Callable[[], list[dict[str, object]]],
) -> None:
    """And is told what to grant."""
    connect()
    monkeypatch.setenv("POOL_PASSWORD", "fremd")
    assert looks(pool(postgresql.replace("me@", "stranger@"))) is None
    assert "run `GRANT pg_monitor TO`" in str(events()[-1]["error"])


def test_a_server_that_does_not_track_sessions_fails(
    looks: Looks, connect: Connect, postgresql: str, events: Callable[[], list[dict[str, object]]]
) -> None:
    """It cannot tell which are idle."""
    connect().execute("SET track_activities = off")
    assert looks(pool(postgresql)) is None
    assert "set track_activities = on" in str(events()[-1]["error"])
