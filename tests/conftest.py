"""What several folders of tests share: a real store in a temporary folder, and the log as events."""

from __future__ import annotations

import io
import json
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from hypothesis import settings

import collector.records  # noqa: F401  # announces every kind
from collector import clock, log
from collector.clock import Instant
from collector.orm import peewee
from collector.records.cpu import CpuSample
from collector.store import schema
from collector.store.buffer import Buffer
from collector.store.database import open_writer, raw
from collector.store.writer import Writer

# Half of hypothesis's own number: the suite has hundreds of properties, and two minutes.
settings.register_profile("quick", max_examples=50)
settings.load_profile("quick")

# A shell starts what it puts in the background with these ignored, and each child of ours would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGQUIT, signal.SIG_DFL)

if TYPE_CHECKING:
    from collector.sqlite import sqlite3
    from tests.servers.mariadb import MariaDB
    from tests.servers.postgresql import PostgreSQL

START = Instant(1_700_000_000_000, 1000.0, 2000.0)


@dataclass
class Store:
    """A database with its schema, and a buffer and a writer on it that no thread runs."""

    path: Path
    database: peewee.SqliteDatabase
    conn: sqlite3.Connection
    buffer: Buffer
    writer: Writer
    now: Instant = START

    def put(self, *records: msgspec.Struct) -> None:
        """Put records of our own, now."""
        self.buffer.put(self.now.monotonic, records)

    def flush(self, seconds: float = 2.0) -> bool:
        """Let ``seconds`` pass, more than the age of a flush, and take one turn."""
        self.now = self.now.later(seconds)
        return self.writer.step(self.now)

    def rows(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """What an answer to ``sql`` holds, read through the writer's connection."""
        return list(self.conn.execute(sql, values).fetchall())

    def count(self, table: str) -> int:
        """How many rows a table has."""
        return int(self.rows(f"SELECT count(*) FROM {table}")[0][0])


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An empty store."""
    path = tmp_path / "c.db"
    database = open_writer(path, "normal")
    schema.prepare(database, path)
    buffer = Buffer()
    conn = raw(database)
    yield Store(path, database, conn, buffer, Writer(conn, buffer))
    database.close()


@pytest.fixture
def events() -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """The events logged since the test began, each as its fields."""
    out = io.StringIO()
    log.configure("debug", style="json", stream=out)
    yield lambda: [json.loads(line) for line in out.getvalue().splitlines()]
    log.configure("debug", style="json", stream=io.StringIO())


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    """One for all tests of a session; those that need a log of their own begin with `rotate_logs`."""
    from tests.servers import postgresql as servers  # where no test asks for it, it costs nothing

    yield from servers.served()


@pytest.fixture(scope="session")
def bench(postgresql: PostgreSQL) -> PostgreSQL:
    """The same with the tables of pgbench, a table ``t`` and its own counts of statements."""
    postgresql.pgbench("-i", "-q")
    postgresql.psql("CREATE TABLE t (a int, b text); CREATE EXTENSION pg_stat_statements")
    return postgresql


@pytest.fixture(scope="session")
def mariadb() -> Iterator[MariaDB]:
    """One for all tests of a session; those that need a log of their own begin with `flush_logs`."""
    from tests.servers import mariadb as servers  # the same

    yield from servers.served()


@pytest.fixture(autouse=True, scope="session")
def _quiet_log() -> None:
    """Nothing that a test does not ask for is printed."""
    log.configure("debug", style="json", stream=io.StringIO())


def cpu(timestamp: int, **columns: Any) -> msgspec.Struct:
    """A processor sample; only its time matters to most tests."""
    zeros = dict.fromkeys(
        ("busy_percent", "user_percent", "system_percent", "iowait_percent", "steal_percent",
         "load_1m", "load_5m", "load_15m", "context_switches_per_s"), 0.0,
    )  # fmt: skip
    return CpuSample.record(timestamp=timestamp, **{**zeros, **columns})


def now() -> Instant:
    """This moment, for tests that run real threads."""
    return clock.now()
