"""Queries on servers: a real PostgreSQL on a socket of its own, and drivers that are not there."""

from __future__ import annotations

import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from collector.workloads.base import Result
from collector.workloads.spawn import Children, interpreter
from collector.workloads.sql import Sql, run
from tests.servers.postgresql import PASSWORD, PostgreSQL
from tests.workloads.made import made

pytestmark = pytest.mark.long

Ask = Callable[..., Result]


@pytest.fixture
def server(postgresql: PostgreSQL) -> str:
    """The URL of a server that asks for a password."""
    return postgresql.asking_url


@pytest.fixture
def ask(children: Children, server: str, monkeypatch: pytest.MonkeyPatch) -> Ask:
    """Runs one query, with the password from a variable."""
    monkeypatch.setenv("SHOP_PASSWORD", PASSWORD)

    def ask(query: str, **keys: Any) -> Result:
        keys = {"password_env": "SHOP_PASSWORD", **keys}
        return run(made(Sql, database=server, query=query, **keys), children)

    return ask


def test_a_query_is_timed_in_its_three_parts(ask: Ask) -> None:
    """Rows are streamed and counted."""
    result = ask("SELECT i, repeat('x', 100) FROM generate_series(1, 5000) AS i;")
    assert (result.outcome, result.detail) == ("ok", None)
    found = result.measured
    assert found["rows"] == 5000
    assert found["wall_ms"] == found["connect_ms"] + found["execute_ms"] + found["fetch_ms"]
    assert "plan" not in found


def test_the_password_may_come_from_a_file(ask: Ask, tmp_path: Path) -> None:
    """A line's end is no part of it."""
    path = tmp_path / "password"
    path.write_text(PASSWORD + "\n", encoding="utf-8")
    path.chmod(0o600)
    assert ask("SELECT 1", password_env=None, password_file=path).outcome == "ok"


@pytest.mark.parametrize(
    "query",
    [
        "CREATE TABLE t (a int)",
        "SELECT nextval('s')",
        "INSERT INTO pg_description VALUES (1, 1, 1, 'x')",
        "SELECT set_config('transaction_read_only', 'off', false)",
    ],
)
def test_nothing_is_written(ask: Ask, query: str) -> None:
    """The transaction cannot, and cannot be talked into it."""
    assert ask(query).outcome == "failed"


def test_a_refusal_to_write_is_told_in_the_servers_words(ask: Ask) -> None:
    """And two statements are one too many."""
    assert ask("CREATE TABLE t (a int)").detail == "cannot execute CREATE TABLE in a read-only transaction"
    assert "multiple commands" in str(ask("SELECT 1; COMMIT").detail)


def test_a_query_over_its_budget_keeps_its_plan(ask: Ask) -> None:
    """From EXPLAIN, which does not run it again."""
    assert "Seq Scan on pg_class" in ask("SELECT * FROM pg_class", budget=0.000001).measured["plan"]


def test_a_query_that_takes_too_long_is_ended_by_the_server(ask: Ask) -> None:
    """So that it can still be explained."""
    result = ask("SELECT pg_sleep(60)", timeout=0.4)
    assert (result.outcome, result.detail) == ("timeout", "took longer than 400ms")
    assert result.measured["plan"].startswith("Result")


def test_a_wrong_password_is_told_without_it(ask: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the wrong one nor the right one."""
    monkeypatch.setenv("SHOP_PASSWORD", "falsch")
    result = ask("SELECT 1")
    assert result.outcome == "failed"
    assert "password authentication failed" in str(result.detail)
    assert "falsch" not in str(result)


def test_a_server_that_is_not_there_fails(children: Children, tmp_path: Path) -> None:
    """With its address, and without the password of the URL."""
    url = f"postgresql://me:geheim@/db?host={tmp_path}"
    result = run(made(Sql, database=url, query="SELECT 1"), children)
    assert result.outcome == "failed"
    assert "No such file or directory" in str(result.detail)
    assert "geheim" not in str(result)


def test_a_mysql_server_that_is_not_there_fails(children: Children, tmp_path: Path) -> None:
    """Likewise."""
    url = f"mysql://me:geheim@localhost/db?socket={tmp_path}/none"
    result = run(made(Sql, database=url, query="SELECT 1"), children)
    assert result.outcome == "failed"
    assert "Can't connect to MySQL server" in str(result.detail)
    assert "geheim" not in str(result)


@pytest.mark.parametrize("name", ["socket", "unix_socket"])
def test_a_mysql_socket_has_two_names(children: Children, tmp_path: Path, name: str) -> None:
    """A real socket that hangs up was found by either."""
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "s"))
        listening.listen()
        listening.settimeout(10)
        with ThreadPoolExecutor(2) as pool:
            found = pool.submit(listening.accept)
            url = f"mysql://me@127.0.0.1:1/db?{name}={tmp_path}/s"
            result = pool.submit(run, made(Sql, database=url, query="SELECT 1"), children)
            found.result()[0].close()
    assert "Lost connection" in str(result.result().detail)


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ("soket=/s", "the URL's parameter 'soket' is not known (did you mean 'socket'?); give only socket=/"),
        ("password=geheim", "the URL's parameter 'password' is not known; give only socket=/path or"),
        ("charset=", "the URL's parameter 'charset' is not known; give only"),
        ("socket=/s&unix_socket=/t", "the URL names 2 sockets: give only one"),
    ],
)
def test_a_mysql_parameter_that_is_not_known_is_refused(
    children: Children, parameters: str, said: str
) -> None:
    """It would be left out silently; its value is not told."""
    result = run(made(Sql, database=f"mysql://me@h/db?{parameters}", query="SELECT 1"), children)
    assert result.outcome == "failed"
    assert str(result.detail).startswith(said)
    assert "geheim" not in str(result)


@pytest.mark.parametrize(
    ("url", "driver", "extra"),
    [("postgresql://h/d", "psycopg", "postgresql"), ("mysql://h/d", "pymysql", "mysql")],
)
def test_a_driver_that_is_not_installed_is_named_with_its_extra(
    children: Children, monkeypatch: pytest.MonkeyPatch, url: str, driver: str, extra: str
) -> None:
    """It would be needed only in the child, so only the child can tell."""
    hide = f"import sys; sys.modules[{driver!r}] = None; "

    def without_driver(*words: Any) -> list[str]:
        return [hide + word if word.startswith("import sys;") else word for word in interpreter(*words)]

    monkeypatch.setattr("collector.workloads.sql.interpreter", without_driver)
    result = run(made(Sql, database=url, query="SELECT 1"), children)
    assert result.outcome == "failed"
    assert f"pip install 'collector[{extra}]'" in str(result.detail)
