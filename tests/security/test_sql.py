"""SQL workloads only read, whatever they say and whoever the URL names, and end at their deadline."""

from __future__ import annotations

import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from collector.workloads import sql
from collector.workloads.base import Result
from collector.workloads.spawn import Children
from collector.workloads.sql import Sql, run
from tests.servers.mariadb import MariaDB
from tests.servers.postgresql import UNHEARD, PostgreSQL
from tests.workloads.made import faults, made

pytestmark = pytest.mark.long

ENDLESS = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n"


def ask(url: str, query: str, children: Children | None = None, **keys: Any) -> Result:
    """Run one query as it is, without the look at it that a config gets."""
    return run(made(Sql, database=url, query=query, **keys), children or Children())


def fault(url: str, query: str) -> str:
    """What a config with it is told; empty where it is taken."""
    return faults(made(Sql, database=url, query=query)).get("query", "")


# SQLite


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of an application, in a folder where nothing else stands."""
    path = tmp_path_factory.mktemp("sql") / "shop.db"
    with sqlite3.connect(path) as conn:
        conn.executescript("CREATE TABLE orders (id INTEGER UNIQUE); INSERT INTO orders VALUES (1), (2)")
        conn.executescript("CREATE VIEW armed AS SELECT load_extension('/tmp/x.so')")
    conn.close()
    return path


@pytest.mark.parametrize(
    "query",
    ["WITH gone AS (SELECT 1) DELETE FROM orders", "EXPLAIN DELETE FROM orders",
     "CREATE TEMP VIEW v AS SELECT 1", "ATTACH ':memory:' AS m", "SAVEPOINT s", "COMMIT", "REINDEX",
     "PRAGMA main.journal_mode = delete", "PRAGMA trusted_schema = on",
     "PRAGMA temp_store_directory = '/tmp'", "PRAGMA incremental_vacuum",
     "PRAGMA wal_checkpoint(TRUNCATE)", "PRAGMA optimize", "SELECT Load_Extension('/tmp/x.so', 'main')",
     "SELECT * FROM armed", "SELECT fts3_tokenizer('x', x'00')"],
)  # fmt: skip
def test_sqlite_is_only_read(shop: Path, query: str) -> None:
    """Each is refused by name, and the folder stays as it was."""
    before = shop.read_bytes()
    result = ask(f"sqlite:///{shop}", query)
    assert result.outcome == "failed"
    assert str(result.detail).startswith(("a workload only reads, and ", "unsafe use of "))
    assert (shop.read_bytes(), [*shop.parent.iterdir()]) == (before, [shop])


@pytest.mark.parametrize("call", ["writefile('x', 'y')", "edit('x')", "readfile('/etc/passwd')"])
def test_sqlite_has_no_functions_for_files(shop: Path, call: str) -> None:
    """Which its shell adds."""
    assert str(ask(f"sqlite:///{shop}", f"SELECT {call}").detail).startswith("no such function")


def test_an_endless_query_of_sqlite_is_ended(shop: Path) -> None:
    """By SQLite itself, which looks at the clock as it goes: its process can still tell the plan."""
    result = ask(f"sqlite:///{shop}", ENDLESS, timeout=0.2)
    assert (result.outcome, "plan" in result.measured) == ("timeout", True)


def test_a_query_of_sqlite_that_looks_at_no_clock_is_ended_with_its_process(
    shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A single step of it may take years."""
    monkeypatch.setattr(sql, "HEADROOM_SECONDS", 0.2)
    text, needle = "hex(zeroblob(5000000))", "hex(zeroblob(200000)) || '1'"
    result = ask(f"sqlite:///{shop}", f"SELECT instr({text}, {needle})", timeout=0.2)
    assert (result.outcome, result.detail) == ("timeout", "took longer than 200ms")


# PostgreSQL, as a superuser: the worst case


@pytest.fixture(scope="module")
def server(postgresql: PostgreSQL) -> PostgreSQL:
    """A server with a table, and a function that writes to it."""
    postgresql.psql(
        "CREATE TABLE kept (a int); INSERT INTO kept VALUES (1);"
        "CREATE FUNCTION writes() RETURNS int LANGUAGE sql AS 'INSERT INTO kept VALUES (2) RETURNING a'",
        options=UNHEARD,
    )
    return postgresql


WRITING = (
    "SELECT 1; COMMIT; INSERT INTO kept VALUES (2)",
    "WITH x AS (INSERT INTO kept VALUES (2) RETURNING a) SELECT * FROM x",
    "SELECT * INTO copied FROM kept",
    "EXPLAIN ANALYZE INSERT INTO kept VALUES (2)",
    "SELECT writes()",
    "SET TRANSACTION READ WRITE",
    "SELECT set_config('transaction_read_only', 'off', true), writes()",
    "SELECT query_to_xml('SET TRANSACTION READ WRITE; INSERT INTO kept VALUES (2)', true, true, '')",
    "SELECT query_to_xml('COPY (SELECT 1) TO PROGRAM ''touch ran''', true, true, '')",
    "PREPARE TRANSACTION 'later'",
)


def test_postgresql_is_only_read(server: PostgreSQL) -> None:
    """Its transaction cannot write, cannot be left for another, and is one statement."""
    with ThreadPoolExecutor(2) as pool:
        results = pool.map(lambda query: ask(server.url, query), WRITING)
        assert [q for q, result in zip(WRITING, results, strict=True) if result.outcome != "failed"] == []
    assert server.psql("SELECT a, to_regclass('copied') FROM kept", options=UNHEARD) == "1|\n"
    assert not (server.folder / "data/ran").exists()


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("COPY (SELECT 1) TO PROGRAM 'touch ran'", "must only read: begin with select, "),
        ("DO $$ BEGIN END $$", "must only read: begin with select, "),
        ("CALL p()", "must only read: begin with select, "),
        ("SET default_transaction_read_only = off", "must only read: begin with select, "),
        ("COMMIT; INSERT INTO kept VALUES (2)", "must only read: begin with select, "),
        ("SELECT lo_import('/etc/passwd')", "must only read: lo_import writes past the transaction"),
        ("SELECT LO_Export (1, '/x')", "must only read: LO_Export writes past the transaction"),
        ("SELECT pg_catalog.pg_file_write('x', 'y', true)", "must only read: pg_file_write writes past"),
        ("SELECT dblink_exec('', 'DELETE FROM t')", "must only read: dblink_exec writes past"),
    ],
)
def test_what_a_transaction_would_not_hold_back_is_a_fault_of_the_config(query: str, said: str) -> None:
    """Files, programs and further connections of the server."""
    assert fault("postgresql://h/d", query).startswith(said)


def test_a_large_object_that_was_made_is_gone_with_its_transaction(server: PostgreSQL) -> None:
    """Before version 16 a transaction that only reads could make some; it is never committed."""
    ask(server.url, "SELECT lo_from_bytea(0, 'x')")
    assert server.psql("SELECT count(*) FROM pg_largeobject_metadata", options=UNHEARD) == "0\n"


SLEEPING = (
    "FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%pg_sleep(61)%' AND pid <> pg_backend_pid()"
)


def until(server: PostgreSQL, sleeping: int) -> None:
    """Wait until so many sleep; the server does the waiting."""
    for _ in range(500):
        if server.psql(f"SELECT count(*) {SLEEPING}", options=UNHEARD) == f"{sleeping}\n":
            return
        server.psql("SELECT pg_sleep(0.02)", options=UNHEARD)
    raise AssertionError(f"there are not {sleeping}")


def test_a_late_query_of_postgresql_is_ended_on_the_server(server: PostgreSQL) -> None:
    """Even one that takes its own limit away: it counts from the next statement on."""
    result = ask(server.url, "SELECT set_config('statement_timeout', '0', false), pg_sleep(61)", timeout=0.3)
    assert (result.outcome, "plan" in result.measured) == ("timeout", True)  # so it was not its process
    until(server, 0)


def test_a_query_does_not_outlive_the_process_that_asked(server: PostgreSQL) -> None:
    """As when the recorder stops: from version 14 on the server looks whether anybody still waits."""
    if server.version < 14:
        pytest.skip("this server does not look for its client")
    children = Children()
    words = server.url, "SELECT pg_sleep(61)", children
    asking = threading.Thread(target=ask, args=words, kwargs={"timeout": 60})
    asking.start()
    until(server, 1)
    children.stop_all()
    asking.join(10)
    until(server, 0)


# MariaDB, as root


@pytest.fixture(scope="module")
def maria(mariadb: MariaDB) -> MariaDB:
    """A server with a table, a sequence, and a function that writes."""
    mariadb.run(
        "CREATE OR REPLACE DATABASE guarded", "USE guarded",
        "CREATE TABLE kept (a int)", "INSERT INTO kept VALUES (1)",
        "CREATE TABLE plain (a int) ENGINE=MyISAM", "CREATE SEQUENCE s",
        "CREATE FUNCTION writes() RETURNS int BEGIN INSERT INTO kept VALUES (2); RETURN 2; END",
    )  # fmt: skip
    return mariadb


def url(maria: MariaDB) -> str:
    """The URL of that database."""
    return maria.url.replace("/?", "/guarded?")


@pytest.mark.parametrize(
    "query",
    [
        "COMMIT; INSERT INTO kept VALUES (2)",
        "INSERT INTO plain VALUES (2)",
        "SELECT writes()",
        "SELECT nextval(s)",
        "LOAD DATA INFILE '/etc/passwd' INTO TABLE kept",
        "LOAD DATA LOCAL INFILE '/etc/passwd' INTO TABLE kept",
        "CREATE TABLE copied SELECT * FROM kept",
        "DROP TABLE kept",
    ],
)
def test_mariadb_is_only_read(maria: MariaDB, query: str) -> None:
    """Tables of an engine without transactions as well; two statements are one too many."""
    assert ask(url(maria), query).outcome == "failed"
    tables = "SELECT count(*) FROM information_schema.tables WHERE table_schema = 'guarded'"
    rows = "SELECT (SELECT sum(a) FROM guarded.kept), (SELECT count(*) FROM guarded.plain)"
    assert (maria.run(tables), maria.run(rows)) == ([(3,)], [(1, 0)])


@pytest.mark.parametrize(
    "query",
    [
        "SELECT 1 INTO OUTFILE '/tmp/x'",
        "SELECT 1 INTO/**/DUMPFILE '/tmp/x'",
        "SELECT 1 INTO -- x\nOUTFILE '/tmp/x'",
        "TABLE kept into\toutfile '/tmp/x'",
        "SELECT '\\' INTO OUTFILE '/tmp/x' -- '",
    ],
)
def test_no_file_is_written_by_a_server(query: str) -> None:
    """However the words are parted."""
    assert fault("mysql://h/d", query) == "must only read: no INTO OUTFILE"


@pytest.mark.parametrize(
    "query",
    [
        "SELECT 1 /*!50000INTO OUTFILE '/tmp/x' */",
        "SELECT 1 INTO /*!50000OUTFILE*/ '/tmp/x'",
        "/*M! SET GLOBAL general_log = 1, @a = */ (SELECT 1)",
    ],
)
def test_mysql_runs_what_stands_in_some_comments(query: str) -> None:
    """So there must be none, whatever is in it."""
    assert fault("mysql://h/d", query) == (
        "must only read: no /*! or /*M!: MySQL runs what stands in such a comment"
    )


def test_a_late_query_of_mariadb_is_ended_on_the_server(maria: MariaDB) -> None:
    """By its own limit."""
    result = ask(url(maria), "SELECT sleep(61) FROM kept", timeout=0.3)
    assert (result.outcome, "plan" in result.measured) == ("timeout", True)
    others = "FROM information_schema.processlist WHERE id <> connection_id()"
    assert maria.run(f"SELECT count(*) {others} AND info LIKE '%sleep(61)%'") == [(0,)]
