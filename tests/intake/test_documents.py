"""The four source documents: every column goes through the socket and comes back."""

from __future__ import annotations

import json
from typing import Any

import pytest

from collector.answers.benchmark_runs import one
from collector.records.base import KINDS, Document
from collector.sqlite import sqlite3
from collector.store.database import open_reader
from tests.intake.made import FAMILIES, Sent, complete
from tests.intake.served import Served

SQL = "SELECT * FROM orders WHERE id = 17"


def read_back(served: Served, kind: str) -> Sent:
    """The one row of a kind, as it was sent."""
    columns = KINDS[kind].given
    names = ", ".join(column.column_name for column in columns)
    (row,) = served.rows(f"SELECT {names} FROM {KINDS[kind].table}")
    read = zip(columns, row, strict=True)
    return {column.column_name: _as_sent(column, value) for column, value in read}


def _as_sent(column: Any, value: Any) -> Any:
    if isinstance(column, Document):
        return json.loads(value)
    return bool(value) if column.python_type is bool else value


def as_row(sent: Sent) -> Sent:
    """What should be there."""
    return {"record_id" if name == "id" else name: value for name, value in sent.items() if name != "kind"}


@pytest.mark.parametrize("kind", ["inference", "skill", "operation", "pool", "run"])
def test_every_column_comes_back_as_it_was_sent(served: Served, kind: str) -> None:
    """Documents 000, 003 and 004, and runs."""
    sent = complete(kind)
    assert served.ask(sent)["committed"] == 1
    assert read_back(served, kind) == as_row(sent)


def test_a_benchmark_comes_back_with_its_four_families(served: Served) -> None:
    """Document 001: one record, five rows."""
    sent = complete("benchmark", run_id="run-1")
    assert served.ask(sent)["committed"] == 1
    families = {name: read_back(served, f"benchmark_{name}") for name in FAMILIES}
    assert {family.pop("run_id") for family in families.values()} == {"run-1"}
    assert families == FAMILIES
    whole = {**as_row(sent), **families}
    del whole["record_id"]  # the run is known by its own
    assert {**read_back(served, "benchmark"), **families} == whole
    database = open_reader(served.database)
    assert one(database, "run-1") == whole
    database.close()


def test_a_benchmark_without_a_run_id_is_known_by_its_id(served: Served) -> None:
    """Sent twice, stored once; without either it gets one."""
    sent = complete("benchmark", id="b1")
    assert [served.ask(sent)["result"] for _ in range(2)] == ["committed", "duplicate"]
    del sent["id"]
    assert [served.ask(sent)["result"] for _ in range(2)] == ["committed", "committed"]
    ids = [run_id for (run_id,) in served.rows("SELECT run_id FROM benchmark_runs")]
    assert "b1" in ids
    assert len(set(ids)) == 3
    assert served.stored("benchmark_quality") == 3


def test_families_may_be_left_out(served: Served) -> None:
    """A benchmark of one figure."""
    sent = complete("benchmark")
    for name in ("autonomy", "quality", "workflow"):
        del sent[name]
    assert served.ask(sent)["committed"] == 1
    assert [served.stored(f"benchmark_{name}") for name in FAMILIES] == [1, 0, 0, 0]


def test_a_run_goes_with_its_families(served: Served) -> None:
    """The database sees to it, and it refuses a family without a run."""
    served.ask([complete("benchmark", run_id="goes"), complete("benchmark", run_id="stays")])

    def delete(conn: sqlite3.Connection) -> None:
        assert conn.execute("PRAGMA foreign_keys").fetchone() == (1,)
        conn.execute("DELETE FROM benchmark_runs WHERE run_id = 'goes'")

    served.writer.ask("delete", delete).wait(10)
    for name in FAMILIES:
        assert served.rows(f"SELECT run_id FROM benchmark_{name}") == [("stays",)]


def test_an_operation_brings_its_statement(served: Served) -> None:
    """Document 004: the hash of the operation is that of its text."""
    sent = complete("operation", sql=SQL, dialect="sqlite")
    del sent["query_hash"]
    served.ask(sent)
    query_hash = read_back(served, "operation")["query_hash"]
    assert served.rows("SELECT query_hash, dialect, first_seen > 0 FROM queries") == [
        (query_hash, "sqlite", 1)
    ]


def test_a_time_goes_in_as_iso_8601_and_comes_out_in_milliseconds(served: Served) -> None:
    """In every kind."""
    for kind in ("inference", "skill", "operation", "run", "pool", "benchmark"):
        column = "recorded_at" if kind == "pool" else "timestamp"
        served.ask(complete(kind, **{column: "2026-03-01T15:05:00.25+01:00"}))
        assert served.rows(f"SELECT {column} FROM {KINDS[kind].table}") == [(1_772_373_900_250,)]
