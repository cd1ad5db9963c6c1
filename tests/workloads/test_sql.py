"""Workloads that are a query, on real SQLite files."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from collector.workloads.base import Result
from collector.workloads.spawn import Children
from collector.workloads.sql import Sql, run
from tests.workloads.made import faults, made

ROWS = 3000
ENDLESS = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n"

Ask = Callable[..., Result]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database of an application, with a name that a URL would have to quote."""
    path = tmp_path_factory.mktemp("sql") / "the shop?#%20.db"
    conn = sqlite3.connect(path)
    conn.execute("CREATE TABLE orders (id INTEGER PRIMARY KEY, state TEXT)")
    rows = [("open" if i % 3 else "shipped",) for i in range(ROWS)]
    conn.executemany("INSERT INTO orders (state) VALUES (?)", rows)
    conn.execute("CREATE VIRTUAL TABLE notes USING fts5(text)")
    conn.execute("INSERT INTO notes VALUES ('hello world')")
    conn.execute("CREATE VIRTUAL TABLE places USING rtree(id, west, east)")
    conn.execute("INSERT INTO places VALUES (1, 0, 10)")
    conn.execute("CREATE TABLE odd (text TEXT)")
    conn.execute("INSERT INTO odd VALUES (CAST(x'ff41' AS TEXT))")
    conn.commit()
    conn.close()
    return path


@pytest.fixture
def ask(children: Children, shop: Path) -> Ask:
    """Runs one query on the shop."""

    def ask(query: str, **keys: Any) -> Result:
        return run(made(Sql, database=f"sqlite:///{shop}", query=query, **keys), children)

    return ask


def test_connecting_executing_and_fetching_are_timed_apart(ask: Ask) -> None:
    """The time of the run is their sum, and the start of Python is no part of it."""
    result = ask("SELECT * FROM orders")
    assert (result.outcome, result.detail) == ("ok", None)
    found = result.measured
    assert found["rows"] == ROWS
    assert found["wall_ms"] == found["connect_ms"] + found["execute_ms"] + found["fetch_ms"]
    assert 0 < found["wall_ms"] < result.cpu_ms
    assert "plan" not in found


def test_the_clock_stops_after_the_last_row(ask: Ask) -> None:
    """SQLite computes rows while they are fetched, and memory stays flat over all of them."""
    query = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n LIMIT 300000) SELECT x FROM n"
    found = ask(query).measured
    assert found["rows"] == 300_000
    assert found["fetch_ms"] > 10 * found["execute_ms"]


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        ("SELECT count(*) FROM orders WHERE state = 'open';", 1),
        ("SELECT * FROM orders WHERE id < 0", 0),
        ("SELECT * FROM notes WHERE notes MATCH 'hello'", 1),
        ("SELECT * FROM places WHERE west < 5", 1),
        ("SELECT * FROM json_each('[1, 2]')", 2),
        ("SELECT * FROM odd", 1),
        ("PRAGMA table_info(orders)", 2),
        ("PRAGMA journal_mode", 1),
        ("EXPLAIN QUERY PLAN SELECT 1", 1),
    ],
)
def test_everything_that_only_reads_may_run(ask: Ask, query: str, rows: int) -> None:
    """Virtual tables, table functions, texts that are not UTF-8, and pragmas that ask."""
    result = ask(query)
    assert (result.outcome, result.detail, result.measured.get("rows")) == ("ok", None, rows)


@pytest.mark.parametrize(
    "query",
    [
        "INSERT INTO orders (state) VALUES ('new')",
        "UPDATE orders SET state = 'x'",
        "DELETE FROM orders",
        "DROP TABLE orders",
        "CREATE TEMP TABLE t (a)",
        "ATTACH 'other.db' AS other",
        "VACUUM INTO 'other.db'",
        "BEGIN IMMEDIATE",
        "ANALYZE",
        "PRAGMA writable_schema = on",
        "PRAGMA query_only = off",
        "PRAGMA journal_mode = wal",
        "PRAGMA user_version = 5",
        "PRAGMA wal_checkpoint",
        "SELECT load_extension('x')",
        "INSERT INTO notes VALUES ('more')",
    ],
)
def test_everything_that_does_more_than_reading_is_refused(ask: Ask, shop: Path, query: str) -> None:
    """Before it runs, and the file stays as it was."""
    before = shop.read_bytes()
    result = ask(query)
    assert result.outcome == "failed"
    assert str(result.detail).startswith("a workload only reads, and ")
    assert shop.read_bytes() == before
    assert {path.name for path in shop.parent.iterdir()} == {shop.name}


def test_two_statements_are_one_too_many(ask: Ask) -> None:
    """Only one could be timed."""
    assert ask("SELECT 1; SELECT 2").detail == "You can only execute one statement at a time."


def test_a_query_over_its_budget_keeps_its_plan(ask: Ask) -> None:
    """As a tree; it ran well nevertheless."""
    query = (
        "SELECT * FROM (SELECT id FROM orders WHERE state = 'open' UNION SELECT 1) a JOIN orders USING (id)"
    )
    result = ask(query, budget=0.000001)
    assert result.outcome == "ok"
    lines = result.measured["plan"].split("\n")
    assert any(line.startswith("  ") for line in lines)
    assert any("SEARCH orders" in line for line in lines)


def test_a_query_over_its_threshold_keeps_its_plan_too(ask: Ask) -> None:
    """The smaller of both limits counts."""
    assert ask("SELECT * FROM orders", slow=0.000001, budget=60).measured["plan"] == "SCAN orders"


def test_a_query_that_takes_too_long_is_interrupted_and_explained(ask: Ask) -> None:
    """By SQLite itself, so that its process can still tell the plan."""
    result = ask(ENDLESS, timeout=0.3)
    assert (result.outcome, result.detail) == ("timeout", "took longer than 300ms")
    assert 200 < result.measured["wall_ms"] < 1000
    assert "SCAN n" in result.measured["plan"]


def test_a_broken_query_fails_with_the_words_of_the_database(ask: Ask) -> None:
    """And with the time until then."""
    result = ask("SELECT * FROM order")
    assert (result.outcome, result.detail) == ("failed", 'near "order": syntax error')
    assert result.measured["connect_ms"] > 0


def test_a_file_that_is_not_there_is_named(children: Children, tmp_path: Path) -> None:
    """And not made."""
    path = tmp_path / "none.db"
    result = run(made(Sql, database=f"sqlite:///{path}", query="SELECT 1"), children)
    assert (result.outcome, result.detail) == ("failed", f"there is no file {path}")
    assert not path.exists()


def test_a_file_that_is_no_database_fails(children: Children, tmp_path: Path) -> None:
    """When it is opened."""
    path = tmp_path / "text.db"
    path.write_text("this is not a database, however long it may be " * 50, encoding="utf-8")
    result = run(made(Sql, database=f"sqlite:///{path}", query="SELECT 1"), children)
    assert (result.outcome, result.detail) == ("failed", "file is not a database")


def test_a_database_in_use_is_read_beside_its_writer(children: Children, tmp_path: Path) -> None:
    """In WAL mode, while a transaction is open."""
    conn = sqlite3.connect(tmp_path / "wal.db", isolation_level=None)
    conn.executescript(
        "PRAGMA journal_mode = wal; CREATE TABLE t (a); INSERT INTO t VALUES (1); BEGIN IMMEDIATE"
    )
    result = run(made(Sql, database="sqlite:///wal.db", cwd=tmp_path, query="SELECT * FROM t"), children)
    conn.close()
    assert (result.outcome, result.measured["rows"]) == ("ok", 1)


@pytest.mark.parametrize(
    ("keys", "key", "said"),
    [
        ({"database": "oracle://x"}, "database", "must begin with sqlite:///, postgresql:// or mysql://"),
        ({"database": "postgres://x"}, "database", "(did you mean 'postgresql'?)"),
        ({"database": "app.db"}, "database", "must begin with sqlite:///"),
        ({"database": "sqlite:///app.db"}, "database", "must be sqlite:////absolute/path"),
        ({"database": "sqlite:///"}, "database", "must be sqlite:////absolute/path"),
        ({"database": "mysql://h:port/x"}, "database", "is not a URL: "),
        ({"query": " ; "}, "query", "must be a statement"),
        ({"query": "-- why\n"}, "query", "must be a statement"),
        ({"query": "VACUUM"}, "query", "must only read: begin with select, with, values, pragma, explain"),
        (
            {"query": "COPY (SELECT 1) TO PROGRAM 'x'", "database": "postgresql://h/d"},
            "query",
            "must only read",
        ),
        ({"query": "SELECT 1 INTO OUTFILE 'x'", "database": "mysql://h/d"}, "query", "no INTO OUTFILE"),
        ({"password_env": "A", "password_file": Path("/x")}, "password_file", "No such file or directory"),
        ({"password_file": Path("/")}, "password_file", "is not a file"),
    ],
)
def test_faults_of_the_config_are_told(keys: dict[str, Any], key: str, said: str) -> None:
    """By `collector check`, with what is allowed."""
    assert said in faults(made(Sql, **{"database": "sqlite:////a.db", "query": "SELECT 1", **keys}))[key]


def test_a_password_file_that_others_can_read_is_a_fault(tmp_path: Path) -> None:
    """With the command that mends it."""
    path = tmp_path / "password"
    path.write_text("geheim", encoding="utf-8")
    path.chmod(0o644)
    workload = made(Sql, database="postgresql://h/d", query="SELECT 1", password_file=path)
    assert f"chmod 600 {path}" in faults(workload)["password_file"]
    path.chmod(0o600)
    assert faults(workload) == {}


@pytest.mark.parametrize(
    "url", ["sqlite:////a.db", "sqlite:///~/a.db", "postgresql://u@h/d", "mysql://u@h:3306/d"]
)
def test_good_databases_have_no_faults(url: str) -> None:
    """Nothing is asked of them yet: they may come later."""
    assert faults(made(Sql, database=url, query="SELECT 1")) == {}


@pytest.mark.parametrize(
    "query", ["select 1", "-- a\n/* b */ (SELECT 1) UNION (SELECT 2)", "With a AS (VALUES (1)) TABLE a"]
)
def test_good_queries_have_no_faults(query: str) -> None:
    """Comments and parentheses may come first."""
    assert faults(made(Sql, database="postgresql://h/d", query=query)) == {}


def test_a_password_that_is_not_there_fails_with_its_name(
    children: Children, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before anybody is asked."""
    monkeypatch.delenv("NO_SUCH_PASSWORD", raising=False)
    workload = made(Sql, database="postgresql://h/d", query="SELECT 1", password_env="NO_SUCH_PASSWORD")
    assert run(workload, children).detail == "the variable NO_SUCH_PASSWORD of password_env is not set"


def test_the_command_line_is_the_query_without_the_address() -> None:
    """A DSN stays in the config."""
    line = made(Sql, database="postgresql://me:geheim@host/db", query="SELECT\n  1").command_line()
    assert line == "postgresql: SELECT ?"


def test_a_query_process_needs_no_home(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its environment is as short as that of any child."""
    for name in list(os.environ):
        if name not in {"PATH", "LD_LIBRARY_PATH"}:
            monkeypatch.delenv(name)
    assert ask("SELECT 1").outcome == "ok"
