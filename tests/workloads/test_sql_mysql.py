"""Queries on a real MariaDB, where one is installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pymysql
import pytest

from collector.workloads.base import Result
from collector.workloads.spawn import Children
from collector.workloads.sql import Sql, run
from tests.workloads.conftest import gone
from tests.workloads.made import made

SERVER = shutil.which("mariadbd")
PASSWORD = "sehr geheim"
TABLES = ("mysql_system_tables.sql", "mysql_performance_tables.sql", "mysql_system_tables_data.sql")
SHOP = (
    "CREATE DATABASE shop; USE shop; CREATE TABLE orders (id int PRIMARY KEY, state text);"
    " INSERT INTO orders SELECT seq, 'open' FROM seq_1_to_3000;"
)

pytestmark = pytest.mark.skipif(SERVER is None, reason="MariaDB is not installed on this machine")
Ask = Callable[..., Result]


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The URL of a server on a socket of its own; it belongs to nobody, since it refuses root."""
    folder = Path(tempfile.mkdtemp(prefix="maria"))
    drop = (
        ["setpriv", "--reuid", "nobody", "--regid", "nogroup", "--clear-groups"] if os.geteuid() == 0 else []
    )
    if drop:
        shutil.chown(folder, "nobody")
    share = Path(str(SERVER)).resolve().parent.parent / "share/mysql"
    socket = folder / "socket"
    base = [*drop, str(SERVER), "--no-defaults", f"--datadir={folder}", f"--lc-messages-dir={share}"]
    base += ["--skip-networking", f"--socket={socket}", "--innodb-flush-log-at-trx-commit=0"]
    system = "CREATE DATABASE mysql;\nUSE mysql;\n" + "".join((share / name).read_text() for name in TABLES)
    subprocess.run([*base, "--bootstrap"], input=system.encode(), check=True, capture_output=True)
    running = subprocess.Popen(base, stderr=subprocess.PIPE)
    assert running.stderr is not None
    assert any(b"ready for connections" in line for line in running.stderr)
    with (
        pymysql.connect(unix_socket=str(socket), user="root", autocommit=True) as conn,
        conn.cursor() as cursor,
    ):
        for statement in [
            *SHOP.split(";")[:-1],
            f"CREATE USER me IDENTIFIED BY '{PASSWORD}'",
            "GRANT ALL ON *.* TO me",
        ]:
            cursor.execute(statement)
    try:
        yield f"mysql://me@localhost/shop?socket={socket}"
    finally:
        running.terminate()
        running.communicate()
        assert gone(running.pid)
        shutil.rmtree(folder)


@pytest.fixture
def ask(children: Children, server: str, monkeypatch: pytest.MonkeyPatch) -> Ask:
    """Runs one query, with the password from a variable."""
    monkeypatch.setenv("SHOP_PASSWORD", PASSWORD)

    def ask(query: str, **keys: Any) -> Result:
        return run(made(Sql, database=server, query=query, password_env="SHOP_PASSWORD", **keys), children)

    return ask


def test_a_query_is_timed_in_its_three_parts(ask: Ask) -> None:
    """Rows are streamed and counted; the certificates are read before the clock starts."""
    result = ask("SELECT * FROM orders")
    assert (result.outcome, result.detail) == ("ok", None)
    found = result.measured
    assert found["rows"] == 3000
    assert found["wall_ms"] == found["connect_ms"] + found["execute_ms"] + found["fetch_ms"]


@pytest.mark.parametrize("query", ["INSERT INTO orders VALUES (0, 'x')", "CREATE TABLE t (a int)"])
def test_nothing_is_written(ask: Ask, query: str) -> None:
    """The transaction cannot."""
    assert ask(query).detail == "Cannot execute statement in a READ ONLY transaction"


def test_a_query_over_its_budget_keeps_its_plan(ask: Ask) -> None:
    """A line for each table."""
    assert "table=orders type=ALL" in ask("SELECT * FROM orders", budget=0.000001).measured["plan"]


def test_a_query_that_takes_too_long_is_ended_by_the_server(ask: Ask) -> None:
    """So that it can still be explained."""
    result = ask("SELECT sleep(60) FROM orders", timeout=0.4)
    assert (result.outcome, result.detail) == ("timeout", "took longer than 400ms")
    assert "table=orders" in result.measured["plan"]


def test_a_wrong_password_is_told_without_it(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the server's words."""
    monkeypatch.setenv("SHOP_PASSWORD", "falsch")
    result = ask("SELECT 1")
    assert "Access denied for user 'me'" in str(result.detail)
    assert "falsch" not in str(result)
