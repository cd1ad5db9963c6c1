"""Looks at a real PgBouncer whose one connection is wanted twice."""

from __future__ import annotations

import json

import psycopg

from collector.pools.pool_child.pgbouncer import look
from collector.workloads.runner.child import REPORT_BYTES
from tests.pools.conftest import PASSWORD, Looks, figures, pool


def test_who_waits_for_the_only_connection_is_counted(looks: Looks, pgbouncer: str) -> None:
    """Until it is given back; PgBouncer's own pool is left out."""
    settings = pool(pgbouncer, name="bouncer", kind="pgbouncer")
    shop = pgbouncer.replace("/pgbouncer?", "/shop?")
    assert figures(looks(settings)) == {"total": 0, "active": 0, "idle": 0, "waiting": 0, "max": 1}
    holder, waiter = (psycopg.connect(shop, password=PASSWORD, autocommit=True) for _ in range(2))
    holder.execute("SELECT 1")
    waiter.pgconn.send_query(b"SELECT 2")
    found = looks.until(settings, lambda record: record.max_connection_time_ms)
    assert figures(found) == {"total": 1, "active": 1, "idle": 0, "waiting": 1, "max": 1}
    assert (found.pool_name, found.database_name) == ("bouncer", "shop")
    assert found.avg_connection_time_ms is None
    holder.close()
    result = waiter.pgconn.get_result()
    assert result is not None
    assert result.get_value(0, 0) == b"2"
    waiter.close()
    found = looks.until(settings, lambda record: record.idle_connections)
    assert figures(found) == {"total": 1, "active": 0, "idle": 1, "waiting": 0, "max": 1}


class Console:
    """What a console of another version answers: columns that ours, 1.18, does not have."""

    DATABASES = (
        {"name": "pgbouncer", "pool_size": "2", "reserve_pool_size": "0", "max_connections": "0"},
        {"name": "a", "pool_size": "20", "reserve_pool_size": "5", "max_connections": "0"},
        {"name": "b", "pool_size": "20", "reserve_pool_size": "0", "max_connections": "30"},
    )
    POOL = dict.fromkeys(
        ("cl_active", "cl_waiting", "sv_active", "sv_idle", "sv_used", "sv_tested", "sv_login", "maxwait",
         "maxwait_us"), "0",
    )  # fmt: skip
    POOLS = (
        {**POOL, "database": "b", "user": "x", "sv_active": "3", "sv_used": "2", "sv_login": "1"},
        {**POOL, "database": "b", "user": "y", "cl_waiting": "4", "maxwait": "2", "maxwait_us": "500000"},
    )

    def ask(self, sql: str) -> list[dict[str, str]]:
        """By the command."""
        return list({"SHOW POOLS": self.POOLS, "SHOW DATABASES": self.DATABASES}[sql])


def test_the_pools_of_all_users_of_a_database_are_one() -> None:
    """Sizes add up to the database's own limit; a database without clients stands behind, with zeros."""
    b, a = look(Console(), 1.0, 1.0)  # type: ignore[arg-type]
    assert (a["database_name"], a["total_connections"], a["max_connections"]) == ("a", 0, 25)
    assert b == {
        "database_name": "b",
        "total_connections": 6,
        "active_connections": 4,
        "idle_connections": 2,
        "waiting_connections": 4,
        "max_connection_time_ms": 2500.0,
        "max_connections": 30,
    }


def test_a_look_fits_into_a_report() -> None:
    """However many databases there are; those with clients are among them."""
    console = Console()
    empty = [{**Console.DATABASES[1], "name": "x" * 63} for _ in range(2000)]
    console.DATABASES = (*empty, Console.DATABASES[2])  # type: ignore[assignment]
    found = look(console, 1.0, 1.0)  # type: ignore[arg-type]
    assert found[0]["waiting_connections"] == 4
    assert len(json.dumps({"pools": found})) < REPORT_BYTES
