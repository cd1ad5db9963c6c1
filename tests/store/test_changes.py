"""Changes: some steps, all of them or none, in the one thread that writes."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from collector.errors import CollectorError, DatabaseError
from collector.records.base import KINDS
from collector.records.skill import Skill
from collector.sqlite import sqlite3
from collector.store.buffer import Outcome
from collector.store.changes import Change, Create, Delete, Done, Undone, Update, Where, apply
from tests.conftest import Store

SKILL = KINDS["skill"]


def skill(record_id: str, **columns: Any) -> Create:
    """A skill's run is created."""
    given = {"skill_id": "s", "execution_ms": 1.0, "tokens_in": 1, "tokens_out": 1, "success": True}
    return Create(Skill.record(**{**given, "timestamp": 1, **columns}, record_id=record_id))


def do(store: Store, *steps: Change) -> Any:
    """Have the writer do them, now."""
    asked = store.writer.ask("change", apply(steps))
    store.writer.step(store.now)
    return asked.wait(0)


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        (Where(SKILL, {"record_id": "a"}), ('"record_id" = ?', ["a"])),
        (Where(SKILL, {"record_id": None}), ('"record_id" IS NULL', [])),
        (Where(SKILL, {"id": [1, 2]}), ('"id" IN (SELECT value FROM json_each(?))', ["[1,2]"])),
        (Where(SKILL, {}, 5, 9), ('"timestamp" >= ? AND "timestamp" < ?', [5, 9])),
        (Where(KINDS["pool"], {}, None, 9), ('"recorded_at" < ?', [9])),
        (Where(SKILL), ("true", [])),
    ],
)
def test_a_condition_binds_its_values(where: Where, expected: tuple[str, list[Any]]) -> None:
    """Names are the model's; the moment of a kind is the column it calls so."""
    assert where.sql() == expected


def test_steps_are_done_in_their_order_in_one_transaction(store: Store) -> None:
    """One commit; each tells its number."""
    statements: list[str] = []
    store.conn.set_trace_callback(statements.append)
    where = Where(SKILL, {"record_id": "a"})
    done = do(store, skill("a"), skill("a"), Update(where, {"tokens_in": 5}), skill("b"), Delete(where))
    store.conn.set_trace_callback(None)
    assert done == Done((1, 0, 1, 1, 1))
    assert statements.count("COMMIT") == 1
    assert store.rows("SELECT record_id, tokens_in FROM skill_metrics") == [("b", 1)]


def test_a_step_that_the_table_refuses_undoes_those_before_it(store: Store) -> None:
    """It is told which, and why; the writer goes on."""
    undone = do(store, skill("a"), Update(Where(SKILL, {"record_id": "a"}), {"tokens_in": "many"}))
    assert isinstance(undone, Undone)
    assert (undone.step, "tokens_in" in undone.reason) == (1, True)
    assert store.count("skill_metrics") == 0
    assert do(store, skill("a")) == Done((1,))


def test_too_many_rows_and_too_long_a_time_are_refused(store: Store) -> None:
    """Over all steps together: the writer has other things to do."""
    rows = [("s", n) for n in range(10_001)]
    sql = "INSERT INTO skill_metrics (skill_id, execution_ms, tokens_in, tokens_out, success, timestamp)"
    store.conn.executemany(f"{sql} VALUES (?, 1, 1, 1, 1, ?)", rows)
    undone = do(store, *(Delete(Where(SKILL, {}, since, since + 9_000)) for since in (0, 9_000)))
    assert undone.step == 1
    assert "more than 10,000 rows" in undone.reason
    slow = iter((0.0, 0.1, 0.3))
    undone = apply([skill("a"), skill("b")], lambda: next(slow))(store.conn)
    assert (undone.step, undone.reason[:23]) == (1, "took longer than 0.25 s")
    assert store.count("skill_metrics") == 10_001


@pytest.mark.parametrize("verb", ["update", "delete"])
def test_a_statement_that_takes_too_long_is_interrupted(store: Store, verb: str) -> None:
    """In the middle: nothing of it is left, no disk is taken for stuck, and the next is not hurried."""
    made = apply([skill(f"s{n}") for n in range(5_000)], lambda: 0.0)(store.conn)
    assert isinstance(made, Done)
    where = Where(SKILL, {"record_id": [f"s{n}" for n in range(5_000)]})
    late = threading.Event()
    # The time is over as soon as SQLite is at work on the second step.
    store.conn.set_trace_callback(lambda sql: late.set() if sql.startswith(verb.upper()) else None)
    step = Update(where, {"tokens_in": 7}) if verb == "update" else Delete(where)
    change = apply([skill("before"), step], lambda: 9.0 if late.is_set() else 0.0)
    asked = store.writer.ask("change", change)
    store.writer.step(store.now)
    store.conn.set_trace_callback(None)
    undone = asked.wait(0)
    assert (undone.step, "narrow it by an indexed column or by time" in undone.reason) == (1, True)
    assert store.writer.stuck is None
    assert not store.conn.in_transaction
    assert store.rows("SELECT count(*), sum(tokens_in) FROM skill_metrics") == [(5_000, 5_000)]
    assert apply([Delete(where)], lambda: 0.0)(store.conn) == Done((5_000,))


def test_a_step_waits_for_a_database_that_is_locked(store: Store) -> None:
    """As records do; it is told once it is done."""
    told: list[Any] = []
    other = sqlite3.connect(store.path, isolation_level=None)
    store.conn.execute("PRAGMA busy_timeout = 0")
    other.execute("BEGIN IMMEDIATE")
    store.writer.ask("change", apply([skill("a")]), then=lambda *heard: told.append(heard))
    store.writer.step(store.now)
    assert told == []
    other.execute("ROLLBACK")
    store.now = store.now.later(10)
    store.writer.step(store.now)
    assert told == [(Done((1,)), None)]
    other.close()


def test_then_is_called_once_in_the_writers_thread_with_the_result_or_the_error(store: Store) -> None:
    """After the commit; also by a writer that has stopped, and when it fails itself."""
    heard: list[tuple[str, Any]] = []

    def then(result: Any, error: BaseException | None) -> None:
        heard.append((threading.current_thread().name, error or result))
        raise RuntimeError("whoever is told fails")

    store.writer.start()
    store.writer.ask("good", lambda conn: conn.in_transaction, then=then)
    with pytest.raises(DatabaseError, match="no such table"):
        store.writer.ask("bad", lambda conn: conn.execute("SELECT 1 FROM none"), then=then).wait(5)
    assert store.writer.close(5)
    with pytest.raises(RuntimeError):
        store.writer.ask("late", lambda conn: conn, then=then)
    assert [name for name, _ in heard] == ["writer", "writer", threading.current_thread().name]
    assert heard[0][1] is True
    assert isinstance(heard[1][1], DatabaseError)
    assert isinstance(heard[2][1], CollectorError)


def test_what_was_stored_without_being_queued_is_counted_all_the_same(store: Store) -> None:
    """So that the five numbers add up."""
    store.buffer.account(Outcome(2, 1, ((0, "no"), (4, "no"))))
    counts = store.buffer.counts()
    assert (counts.received, counts.committed, counts.duplicate, counts.rejected) == (5, 2, 1, 2)
