"""A PostgreSQL server: the sessions of one of its databases, from pg_stat_activity."""

from __future__ import annotations

from typing import Any

from .libpq import Connection, Refused, Row

# Our own session is left out; so are workers of the server itself, which nobody lent out. Source:
# postgresql.org/docs/current/monitoring-stats.html#MONITORING-PG-STAT-ACTIVITY-VIEW
SESSIONS = """
SELECT current_database() AS name,
       count(*) FILTER (WHERE backend_type = 'client backend') AS total,
       count(*) FILTER (WHERE backend_type = 'client backend' AND state = 'idle') AS idle,
       count(*) FILTER (WHERE backend_type = 'client backend' AND wait_event_type = 'Lock') AS waiting,
       count(*) FILTER (WHERE backend_type IS NULL) AS hidden,
       count(*) FILTER (WHERE state = 'disabled') AS untracked,
       (SELECT least(current_setting('max_connections')::int, nullif(datconnlimit, -1))
          FROM pg_database WHERE datname = current_database()) AS most
  FROM pg_stat_activity
 WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
HIDDEN = "it may not see the sessions of other users; run `GRANT pg_monitor TO` this user"
UNTRACKED = "the server does not tell which sessions are idle; set track_activities = on"


def look(connection: Connection, connect_ms: float, timeout: float) -> list[dict[str, Any]]:
    """The one pool that the database is, as columns of `Pool`. Raises Refused.

    ``timeout``, in seconds, is a limit of the transaction, so that it works through poolers too.
    """
    connection.ask(f"BEGIN READ ONLY; SET LOCAL statement_timeout = {max(1, round(timeout * 1000))}")
    row = connection.ask(SESSIONS)[0]
    connection.ask("COMMIT")
    if int(row["hidden"]):
        raise Refused(HIDDEN)
    if int(row["untracked"]):
        raise Refused(UNTRACKED)
    return [_pool(row, connect_ms)]


def _pool(row: Row, connect_ms: float) -> dict[str, Any]:
    """Whoever is not idle has its connection lent out: also one that is idle in a transaction.

    One look connects once, so the mean time of it is the longest.
    """
    total, idle = int(row["total"]), int(row["idle"])
    return {
        "database_name": row["name"],
        "total_connections": total,
        "active_connections": total - idle,
        "idle_connections": idle,
        "waiting_connections": int(row["waiting"]),
        "avg_connection_time_ms": connect_ms,
        "max_connection_time_ms": connect_ms,
        "max_connections": int(row["most"]),
    }
