"""A PostgreSQL whose database promises no encoding: plans, statistics and runs all the same."""

from __future__ import annotations

import psycopg
import pytest

from collector import inspection
from collector.inspection import Target
from collector.plans import redacted_plan, remarks
from collector.workloads.spawn import Children
from collector.workloads.sql import Sql, run
from tests.servers.postgresql import PostgreSQL
from tests.workloads.made import made


@pytest.fixture(scope="module")
def server(postgresql: PostgreSQL) -> str:
    """A database that promises no encoding, with a table whose name is in Latin-1; its URL."""
    postgresql.psql("CREATE DATABASE plain ENCODING 'SQL_ASCII' TEMPLATE template0")
    url = postgresql.url.replace("/postgres?", "/plain?")
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute("CREATE TABLE tasks (id int PRIMARY KEY, status text)")
        conn.execute(b'CREATE TABLE "caf\xe9" (id int)')
    return url


def test_a_database_without_an_encoding_is_explained(server: str, children: Children) -> None:
    """Its driver decodes nothing, so that it is done here; with and without marks."""
    for status in ("'open'", "?"):
        sql = f"SELECT * FROM tasks WHERE status = {status}"
        plan = redacted_plan(inspection.explain(Target(server), sql, children), "postgresql")
        assert remarks(plan, "postgresql") == ["full scan of tasks"]


def test_a_database_without_an_encoding_is_measured(server: str, children: Children) -> None:
    """A name that is no UTF-8 is shown with a mark."""
    found = inspection.stats(Target(server), children)
    assert {row["name"] for row in found["objects"]} == {
        "tasks",
        "tasks_pkey",
        "caf\N{REPLACEMENT CHARACTER}",
    }
    assert found["version"][0].isdigit()


def test_a_query_of_a_database_without_an_encoding_keeps_its_plan(server: str, children: Children) -> None:
    """As a workload, over its threshold."""
    workload = made(Sql, database=server, query="SELECT * FROM tasks", slow=0.000001)
    assert run(workload, children).measured["plan"].startswith("Seq Scan on tasks")
