"""Of a statement its shape is kept, once; never a literal."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.fingerprint import FP_VERSION, OTHER_HASH, fingerprint
from collector.intake import statements as module
from collector.intake.protocol import Delivery, parse
from collector.intake.reading import PORTION, reading
from collector.intake.statements import MOST_TEXTS, Statements
from collector.records.base import Arrival
from collector.store.buffer import Limits
from tests.intake.made import MOMENT, Sent
from tests.intake.served import Served

SQL = "SELECT * FROM orders WHERE id = 17"


def timed(sql: str, **columns: Any) -> Sent:
    """An operation that brings a statement along."""
    return {
        "kind": "operation",
        "metric_type": "query",
        "metric_name": "q",
        "duration_ms": 1,
        "sql": sql,
        **columns,
    }


def brought(statements: Statements, *items: Sent) -> list[bool]:
    """Which records of a line bring a text."""
    said = parse(json.dumps(items).encode(), Arrival(MOMENT, statements))
    assert isinstance(said, Delivery)
    return [getattr(record, "query", None) is not None for record in said.records]


def test_a_statement_is_stored_once_with_its_shape(served: Served) -> None:
    """Hash, text, one sample; the operations point to it."""
    assert served.ask([timed(SQL), timed("select * from ORDERS where id=18"), timed(SQL)])["committed"] == 3
    want = fingerprint(SQL)
    assert served.rows("SELECT query_hash, fp_version, dialect, text, sample FROM queries") == [
        (want.hash, FP_VERSION, "generic", want.text, "SELECT * FROM orders WHERE id = ?")
    ]
    assert served.rows("SELECT DISTINCT query_hash FROM operation_metrics") == [(want.hash,)]


def test_the_dialect_is_the_senders(served: Served) -> None:
    """In MySQL double quotes hold a text."""
    served.ask(timed('SELECT "secret" FROM t', dialect="mysql"))
    assert served.rows("SELECT dialect, sample FROM queries") == [("mysql", "SELECT ? FROM t")]


def test_a_hash_of_the_senders_own_is_kept(served: Served) -> None:
    """With version 0, since the rules are not ours; its text is."""
    served.ask(timed(SQL, query_hash="mine"))
    assert served.rows("SELECT query_hash, fp_version, text FROM queries") == [
        ("mine", 0, fingerprint(SQL).text)
    ]
    assert served.rows("SELECT query_hash FROM operation_metrics") == [("mine",)]


def test_a_hash_may_come_without_a_statement(served: Served) -> None:
    """Then there is no text."""
    sent = timed(SQL, query_hash="mine")
    del sent["sql"]
    served.ask(sent)
    assert (served.stored("operation"), served.stored("query")) == (1, 0)


def test_a_text_is_offered_again_after_ten_minutes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The writer may have refused the record that brought it; one that is stored already never is."""
    statements = Statements(["stored"])
    assert [statements.is_new("stored"), statements.is_new("a"), statements.is_new("a")] == [
        False,
        True,
        False,
    ]
    monkeypatch.setattr(module, "AGAIN_SECONDS", 0.0)
    assert [statements.is_new("stored"), statements.is_new("a")] == [False, True]


def test_so_many_texts_are_offered_and_no_more() -> None:
    """Those that were come again, others do not; ``other`` has its place all the same."""
    statements = Statements()
    assert all(statements.is_new(str(n)) for n in range(MOST_TEXTS))
    assert not statements.is_new("one more")
    assert [statements.is_new(OTHER_HASH), statements.is_new(OTHER_HASH)] == [True, False]
    statements.withdraw("1")
    statements.withdraw("0")
    assert statements.is_new("one more")


def test_more_statements_than_the_cap_are_told_as_other() -> None:
    """Their number says how many."""
    statements = Statements()
    hashes = {statements.of(f"SELECT c{n} FROM t", "generic")[0] for n in range(MOST_TEXTS + 50)}
    assert len(hashes) == MOST_TEXTS + 1
    assert statements.of("SELECT other FROM t", "generic")[1].startswith("other")


def test_a_bad_neighbour_does_not_cost_a_text() -> None:
    """The line is looked at twice then; the text comes with the record that is good."""
    assert brought(Statements(), timed(SQL), timed(SQL, typo=1)) == [True]
    assert brought(Statements(), timed(SQL, typo=1), timed(SQL), timed(SQL)) == [True, False]


def test_a_refused_record_does_not_cost_a_text() -> None:
    """The next with the same statement brings it; refused hashes fill no place."""
    statements = Statements()
    assert brought(statements, timed(SQL, query_hash="x" * 100_000)) == []
    assert brought(statements, timed(SQL, duration_ms=-1)) == []
    assert brought(statements, timed(SQL)) == [True]
    assert brought(statements, timed(SQL)) == [False]


def test_a_busy_daemon_does_not_cost_a_text(tmp_path: Path) -> None:
    """The same line comes again."""
    served = Served(tmp_path, Limits(records=4))
    assert served.ask([timed(SQL)] * 4)["result"] == "busy"
    assert served.ask(timed(SQL))["result"] == "committed"
    assert served.stored("query") == 1
    served.stop()


def test_a_line_that_is_not_read_to_its_end_does_not_cost_a_text() -> None:
    """Its client was let go in the middle of it."""
    statements = Statements()
    line = json.dumps([timed(SQL)] * (PORTION + 1))
    for sent in (line, line.replace('"kind":', '"kind" :')):  # the quick way, and record by record
        read = reading(sent.encode(), Arrival(MOMENT, statements))
        next(read)
        assert brought(statements, timed(SQL)) == [False]
        read.close()
        assert brought(statements, timed(SQL)) == [True]
        statements.forget()


def test_a_text_that_was_brought_before_is_not_withdrawn() -> None:
    """A bad record that repeats a statement takes nothing away."""
    statements = Statements(["stored"])
    statements.withdraw("stored")
    assert not statements.is_new("stored")
    assert brought(statements, timed(SQL)) == [True]
    assert brought(statements, timed(SQL, duration_ms=-1), timed(SQL)) == [False]


TOKEN = "hunter2secret77"
LITERALS = st.sampled_from([
    "'{}'", "'it''s {}'", "'{}' || 'x'", "E'\\\\{}'", "N'{}'", "x'{}'", "'--{}'", "'/*{}*/'", "('{}', '{}')",
    "$${}$$", "$q${}$q$",
])  # fmt: skip
SHAPES = st.sampled_from([
    "SELECT * FROM t WHERE a = {}", "INSERT INTO t (a, b) VALUES ({}, 1)", "SELECT {} -- {}",
    "UPDATE t SET a = {} WHERE b IN (1, 2)", "/* {} */ SELECT {}", "CALL f({})",
    "SELECT a FROM t WHERE a LIKE {} OR b BETWEEN {} AND 3", "select {},{},{}", "oops {} ((",
    "SELECT 1; DELETE FROM t WHERE a = {}",
])  # fmt: skip


@settings(max_examples=80, deadline=None)
@given(shape=SHAPES, literal=LITERALS, own=st.none() | st.just("mine"), duration=st.sampled_from([1, -1]))
def test_a_literal_never_reaches_the_file(
    shared: Served, shape: str, literal: str, own: str | None, duration: int
) -> None:
    """Nor the answer, when the record is refused."""
    dialect = "postgresql" if "$" in literal or literal.startswith("E") else "generic"
    sql = shape.format(*[literal.replace("{}", TOKEN)] * 3)
    answer = shared.ask(timed(sql, dialect=dialect, query_hash=own, duration_ms=duration))
    assert (answer["committed"], len(answer["rejected"])) == ((1, 0) if duration > 0 else (0, 1))
    assert TOKEN not in json.dumps(answer)
    rows = [*shared.rows("SELECT * FROM queries"), *shared.rows("SELECT * FROM operation_metrics")]
    assert not any(TOKEN in str(value) for row in rows for value in row)
