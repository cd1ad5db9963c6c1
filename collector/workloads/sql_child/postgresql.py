"""PostgreSQL by psycopg 3: one transaction that cannot write, its rows streamed."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from .job import FETCH_ROWS, PLAN_SECONDS, Deadline, Job, Refused, Rows, decoded

try:
    import psycopg
    from psycopg import capabilities
except ImportError:
    psycopg = None  # type: ignore[assignment]


# Since version 14 a server can look whether the client is still there while a query of it runs; not on
# every system. One that cannot goes on until its own limit.
LOOK_FOR_CLIENT = """
SELECT set_config(name, '500', true) FROM pg_settings
WHERE name = 'client_connection_check_interval' AND version() LIKE '%linux%'
"""


class Database:
    """One connection. Its limits live in the transaction, so that they work through poolers too."""

    def __init__(self, job: Job) -> None:
        if psycopg is None:
            raise Refused("psycopg is not installed; run `pip install 'collector[postgresql]'`")
        self._job = job

    def connect(self) -> None:
        """Log in, and begin the transaction. libpq waits whole seconds, at least two."""
        password: dict[str, Any] = {} if self._job.password is None else {"password": self._job.password}
        deadline = Deadline(self._job.timeout)
        with self._told():
            self._conn = psycopg.connect(
                self._job.url,
                connect_timeout=max(2, math.ceil(self._job.timeout)),
                application_name="collector",
                **password,
            )
            self._conn.read_only = True
            self._begin(deadline)

    def execute(self) -> None:
        """Wait for the first rows. Streaming goes by the extended protocol: one statement, never two."""
        with self._told():
            self._rows = self._stream(self._job.query)
            self._first = next(self._rows, None)

    def fetch(self) -> int:
        """Count all rows."""
        with self._told():
            return (self._first is not None) + sum(1 for _ in self._rows)

    def plan(self) -> str:
        """EXPLAIN, which plans and does not run.

        Planning evaluates functions marked IMMUTABLE of constants, one that somebody wrote as well. So it
        happens in the transaction that only reads, under its limit. Source: xfunc-volatility.html.
        """
        with self._told():
            self._conn.rollback()
            self._begin(Deadline(PLAN_SECONDS))
            explained = self._generic() if self._job.values else self._stream(f"EXPLAIN {self._job.query}")
            return "\n".join(str(decoded(row[0])) for row in explained)

    def rows(self, query: str) -> Rows:
        """All rows of one statement, by the extended protocol."""
        with self._told():
            cursor = self._conn.execute(query.encode(), prepare=True)
            names = [column.name for column in cursor.description or ()]
            return [dict(zip(names, map(decoded, row), strict=True)) for row in cursor]

    def _generic(self) -> Iterator[tuple[Any, ...]]:
        """The plan for whatever values: of a prepared statement, the way that works since version 12."""
        self._conn.execute("SET LOCAL plan_cache_mode = force_generic_plan")
        # ``prepare`` goes by the extended protocol, too: one statement, never two.
        self._conn.execute(f"PREPARE collector_plan AS {self._job.query}".encode(), prepare=True)
        yield from self._stream(f"EXPLAIN EXECUTE collector_plan ({', '.join(['NULL'] * self._job.values)})")
        self._conn.execute("DEALLOCATE collector_plan")  # behind a pooler, the session goes on

    def _begin(self, deadline: Deadline) -> None:
        """Psycopg says BEGIN READ ONLY first, since the connection is ``read_only``."""
        limit = f"SET LOCAL statement_timeout = {deadline.left_ms}"
        self._conn.execute(f"SET default_transaction_read_only = on; {limit}; {LOOK_FOR_CLIENT}".encode())

    def _stream(self, query: str) -> Iterator[tuple[Any, ...]]:
        size = FETCH_ROWS if capabilities.has_stream_chunked() else 1
        return iter(self._conn.cursor().stream(query.encode(), size=size))

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Turn what psycopg raises into Refused."""
        try:
            yield
        except psycopg.Error as error:
            late = isinstance(error, (psycopg.errors.QueryCanceled, psycopg.errors.ConnectionTimeout))
            raise Refused(" ".join(str(error).split()), late=late) from error
