"""SQLite: a file opened for reading, with a guard that lets nothing through but reading."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from collector.sqlite import sqlite3

from .job import LOCKED, PLAN_SECONDS, Deadline, Job, Refused, Rows, counted, decoded

STEPS = 10_000  # of its virtual machine between two looks at the clock: below a millisecond
BUSY_SECONDS = 5.0
BUSY_SLACK_SECONDS = 0.05  # SQLite counts whole milliseconds, and only those that it meant to sleep

READING = (sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE)
# To prepare an EXPLAIN of a statement that writes; neither could it in a file opened for reading.
WRITING = (sqlite3.SQLITE_INSERT, sqlite3.SQLITE_UPDATE, sqlite3.SQLITE_DELETE)
# Loaded code, tokenizers by their address, and what shells and extensions add for files.
FORBIDDEN_FUNCTIONS = {"load_extension", "fts3_tokenizer", "readfile", "writefile", "edit"}
# These only ask even where they take an argument; those act even where they take none.
ASKING = {
    *("table_info", "table_xinfo", "table_list", "index_info", "index_xinfo", "index_list"),
    *("foreign_key_list", "foreign_key_check", "integrity_check", "quick_check"),
}
ACTING = {"wal_checkpoint", "optimize", "incremental_vacuum", "shrink_memory"}


class Database:
    """One file, by its absolute path, quoted as in a URL, after ``sqlite:``."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._path = job.url.partition(":")[2]
        self._refused = ""

    def connect(self) -> None:
        """Open the file and read its schema's version, so that what is no database is found here."""
        self._deadline = Deadline(self._job.timeout)
        with self._told():
            self._conn = sqlite3.connect(
                f"file:{self._path}?mode=ro",
                uri=True,
                timeout=min(BUSY_SECONDS, self._job.timeout),
                isolation_level=None,
            )
            self._conn.text_factory = bytes  # texts are not looked at, so they need not be decoded
            self._conn.execute("PRAGMA query_only = on")
            self._conn.execute("PRAGMA trusted_schema = off")  # whoever made the file wrote its views
            self._conn.execute("PRAGMA schema_version").fetchone()
            self._meet_modules()
            self._conn.set_authorizer(self._permit)
            self._conn.set_progress_handler(lambda: self._deadline.left == 0, STEPS)

    def execute(self) -> None:
        """SQLite computes up to the first row here."""
        with self._told():
            self._cursor = self._conn.execute(self._job.query)

    def fetch(self) -> int:
        """Count all rows."""
        with self._told():
            return counted(self._cursor)

    def plan(self) -> str:
        """EXPLAIN QUERY PLAN, indented as the tree it is. Source: sqlite.org/eqp.html."""
        self._deadline = Deadline(PLAN_SECONDS)
        with self._told():
            rows = self._conn.execute(
                f"EXPLAIN QUERY PLAN {self._job.query}", (None,) * self._job.values
            ).fetchall()
        depth = {0: 0}
        for number, parent, *_ in rows:
            depth[number] = depth.get(parent, 0) + 1
        return "\n".join("  " * (depth[row[0]] - 1) + row[3].decode(errors="replace") for row in rows)

    def rows(self, query: str) -> Rows:
        """All rows, their texts decoded; late once the job's time is up."""
        with self._told(), self._ended_in_time():
            cursor = self._conn.execute(query)
            names = [column[0] for column in cursor.description]
            found = [dict(zip(names, map(decoded, row), strict=True)) for row in cursor]
        if self._deadline.left == 0:  # a count that was interrupted comes out too small
            raise Refused("interrupted", late=True)
        return found

    @contextmanager
    def _ended_in_time(self) -> Iterator[None]:
        """Interrupt from outside: SQLite counts a table in one step, without a look at the clock."""
        from threading import Timer  # noqa: PLC0415  # a query that is timed starts without it

        timer = Timer(self._deadline.left, self._conn.interrupt)
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def _meet_modules(self) -> None:
        """Have virtual tables prepare their own statements, writing ones too, before the guard stands.

        They never run: the file is opened for reading. But an R-tree could not even be read without.
        """
        found = self._conn.execute("SELECT name FROM sqlite_master WHERE rootpage = 0 AND type = 'table'")
        for (name,) in found.fetchall():
            quoted = name.decode().replace('"', '""')
            with suppress(sqlite3.OperationalError):  # a module that is not here; the query may not need it
                self._conn.execute(f'SELECT 1 FROM "{quoted}" LIMIT 0')  # noqa: S608  # a name of the schema

    def _permit(self, action: int, first: str | None, second: str | None, *_: str | None) -> int:
        """SQLite asks this while it prepares a statement. Source: sqlite.org/c3ref/set_authorizer.html."""
        calls = (second or "").lower() if action == sqlite3.SQLITE_FUNCTION else ""
        if action in READING and calls not in FORBIDDEN_FUNCTIONS:
            return sqlite3.SQLITE_OK
        if self._job.writes and action in WRITING:
            return sqlite3.SQLITE_OK
        name = (first or "").lower()
        if action == sqlite3.SQLITE_PRAGMA and (name in ASKING or (second is None and name not in ACTING)):
            return sqlite3.SQLITE_OK
        self._refused = f"PRAGMA {first}" if action == sqlite3.SQLITE_PRAGMA else "this statement"
        return sqlite3.SQLITE_DENY

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Turn what SQLite raises into Refused."""
        try:
            yield
        except (sqlite3.Error, sqlite3.Warning) as error:
            if self._refused:
                raise Refused(f"a workload only reads, and {self._refused} does more") from error
            name = getattr(error, "sqlite_errorname", "")
            if name.startswith("SQLITE_BUSY"):
                raise Refused(LOCKED, late=self._deadline.left < BUSY_SLACK_SECONDS) from error
            late = name == "SQLITE_INTERRUPT"
            raise Refused(str(error), late=late) from error
