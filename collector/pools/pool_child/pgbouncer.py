"""PgBouncer: what its admin console says of each database. Source: pgbouncer.org/usage.html#show-commands.

The console knows no transactions and only the simple protocol.
"""

from __future__ import annotations

from typing import Any

from .libpq import Connection, Row

CONSOLE = "pgbouncer"
# sv_used are idle ones too: they will be tested before they are lent again.
IDLE = ("sv_idle", "sv_used")
# A record each: so many fit into a report. Those that have clients come first.
MOST = 500


def look(connection: Connection, _connect_ms: float, _timeout: float) -> list[dict[str, Any]]:
    """A pool for each database there is, its users' pools together, as columns of `Pool`. Raises Refused."""
    pools: dict[str, list[Row]] = {}
    for pool in connection.ask("SHOW POOLS"):
        pools.setdefault(pool["database"], []).append(pool)
    databases = [row for row in connection.ask("SHOW DATABASES") if row["name"] != CONSOLE]
    databases.sort(key=lambda row: row["name"] not in pools)
    return [_pool(row, pools.get(row["name"], [])) for row in databases[:MOST]]


def _pool(database: Row, pools: list[Row]) -> dict[str, Any]:
    """``max_connection_time_ms`` is how long the first in the queue has waited."""
    total = sum(int(count) for pool in pools for name, count in pool.items() if name.startswith("sv_"))
    idle = sum(int(pool[name]) for pool in pools for name in IDLE)
    return {
        "database_name": database["name"],
        "total_connections": total,
        "active_connections": total - idle,
        "idle_connections": idle,
        "waiting_connections": sum(int(pool["cl_waiting"]) for pool in pools),
        "max_connection_time_ms": max(map(_longest_ms, pools), default=0.0) or None,
        "max_connections": _most(database, users=len(pools)),
    }


def _longest_ms(pool: Row) -> float:
    """In two columns: whole seconds, and the rest in microseconds."""
    return int(pool["maxwait"]) * 1000 + int(pool["maxwait_us"]) / 1000


def _most(database: Row, *, users: int) -> int:
    """Each user has a pool of that size, up to the database's own limit, of which 0 is none.

    The reserve goes by another name since 1.24.
    """
    reserve = database.get("reserve_pool_size") or database.get("reserve_pool") or "0"
    size = (int(database["pool_size"]) + int(reserve)) * max(1, users)
    return min(size, int(database["max_connections"]) or size)
