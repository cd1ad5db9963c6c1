"""MySQL and MariaDB by PyMySQL: one transaction that cannot write, its rows streamed."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from .job import PLAN_SECONDS, Deadline, Job, Refused, Rows, counted, decoded

try:
    import pymysql
    from pymysql.cursors import SSCursor
except ImportError:
    pymysql = None  # type: ignore[assignment]

# ER_QUERY_TIMEOUT of MySQL, ER_STATEMENT_TIMEOUT of MariaDB: their own limits were reached.
TIME_WAS_UP = (3024, 1969)
SOCKETS = ("socket", "unix_socket")  # what other clients call it


class Database:
    """One connection, by ``mysql://user@host:port/database``; ``?socket=/path`` for a local one.

    ``?unix_socket=/path`` says the same; no other parameter is known.
    """

    def __init__(self, job: Job) -> None:
        if pymysql is None:
            raise Refused("PyMySQL is not installed; run `pip install 'collector[mysql]'`")
        url = urlsplit(job.url)
        self._job = job
        # Made before the clock starts: PyMySQL reads all certificates of the machine first (40 ms).
        self._conn: Any = pymysql.connect(
            host=url.hostname or "localhost",
            port=url.port or 3306,
            unix_socket=_socket(url.query),
            user=unquote(url.username) if url.username else None,
            password=unquote(url.password or "") if job.password is None else job.password,
            database=unquote(url.path.strip("/")) or None,
            connect_timeout=max(1, math.ceil(job.timeout)),
            cursorclass=SSCursor,
            defer_connect=True,
        )

    def connect(self) -> None:
        """Log in, and begin a transaction that only reads.

        MariaDB refuses to explain in it a statement that writes: for that one it is a plain transaction,
        which ends with the connection and without a COMMIT.
        """
        deadline = Deadline(self._job.timeout)
        with self._told():
            self._conn.connect()
            if not self._job.writes:
                self._run("SET SESSION TRANSACTION READ ONLY")
            self._limit(deadline)
            self._run("START TRANSACTION" if self._job.writes else "START TRANSACTION READ ONLY")

    def execute(self) -> None:
        """Wait for the first row."""
        with self._told():
            self._cursor = self._conn.cursor()
            self._cursor.execute(self._job.query)

    def fetch(self) -> int:
        """Count all rows."""
        with self._told():
            return counted(self._cursor)

    def plan(self) -> str:
        """EXPLAIN, a line for each table, without the columns that say nothing."""
        with self._told():
            self._limit(Deadline(PLAN_SECONDS))
        lines = self.rows(f"EXPLAIN FORMAT=TRADITIONAL {self._job.query}")  # MySQL may be set to another
        return "\n".join(
            " ".join(f"{name}={value}" for name, value in line.items() if value is not None) for line in lines
        )

    def rows(self, query: str) -> Rows:
        """All rows."""
        with self._told(), self._conn.cursor() as cursor:
            cursor.execute(query)
            names = [column[0] for column in cursor.description or ()]
            return [dict(zip(names, map(decoded, row), strict=True)) for row in cursor.fetchall()]

    def _limit(self, deadline: Deadline) -> None:
        """MariaDB counts seconds, for every statement; MySQL milliseconds, for SELECT."""
        if "mariadb" in self._conn.get_server_info().lower():
            self._run(f"SET SESSION max_statement_time = {deadline.left_ms / 1000}")
        else:
            self._run(f"SET SESSION max_execution_time = {deadline.left_ms}")

    def _run(self, statement: str) -> None:
        with self._conn.cursor() as cursor:
            cursor.execute(statement)

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Turn what PyMySQL raises into Refused; RuntimeError is a login that needs a further package."""
        try:
            yield
        except (pymysql.MySQLError, OSError, RuntimeError) as error:
            late = error.args[:1] in ((code,) for code in TIME_WAS_UP) or "timed out" in str(error)
            raise Refused(str(error.args[-1] if error.args else error), late=late) from error


def _socket(parameters: str) -> str | None:
    """The path of the local socket that a URL names; Refused where its parameters say anything else."""
    given = parse_qsl(parameters, keep_blank_values=True)
    for name, _ in given:
        if name not in SOCKETS:
            from collector.registry import nearest  # noqa: PLC0415  # a query that is timed starts without it

            known = " or ".join(f"{known}=/path" for known in SOCKETS)
            close = nearest(name, SOCKETS)
            raise Refused(f"the URL's parameter {name!r} is not known{close}; give only {known}")
    if len(given) > 1:
        raise Refused(f"the URL names {len(given)} sockets: give only one")
    return given[0][1] or None if given else None
