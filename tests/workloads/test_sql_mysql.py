"""Queries on a real MariaDB, where one is installed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from collector.workloads.base import Result
from collector.workloads.spawn import Children
from collector.workloads.sql import Sql, run
from tests.servers.mariadb import MariaDB
from tests.workloads.made import made

PASSWORD = "sehr geheim"
SHOP = (
    "CREATE DATABASE asked",
    "USE asked",
    "CREATE TABLE orders (id int PRIMARY KEY, state text)",
    "INSERT INTO orders SELECT seq, 'open' FROM seq_1_to_3000",
    f"CREATE USER me IDENTIFIED BY '{PASSWORD}'",
    "GRANT ALL ON *.* TO me",
)

Ask = Callable[..., Result]


@pytest.fixture(scope="module")
def server(mariadb: MariaDB) -> str:
    """The URL of a database, for a user who is asked for a password."""
    mariadb.run(*SHOP)
    return mariadb.url.replace("root@localhost/?", "me@localhost/asked?")


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
