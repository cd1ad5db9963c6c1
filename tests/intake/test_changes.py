"""The task `change`: words in, an answer after the commit, and the counters add up."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.client import Line
from collector.errors import CollectorError
from collector.intake.changes import MOST_WAITING, Changes
from collector.intake.statements import Statements
from collector.intake.steps import WrongStep, steps_of
from collector.orm import select
from collector.records.base import Arrival
from collector.store.changes import Change
from collector.store.database import open_reader
from tests.api.conftest import skill
from tests.api.running import Running, adds_up
from tests.conftest import Store

NOW = Arrival(1_700_000_000_000)
GONE = {"delete": "skill", "where": {"record_id": "x"}}


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Running]:
    """A running one."""
    made = Running(tmp_path / "c.db")
    yield made
    made.stop()


def asked(daemon: Running, *steps: Any) -> dict[str, Any]:
    """What is answered to a change."""
    with Line(daemon.server.path) as line:
        return line.ask({"ask": "change", "steps": list(steps)})


def a_skill(**columns: Any) -> dict[str, Any]:
    """A step that creates one."""
    return {"create": {"kind": "skill", **skill(), **columns}}


def test_a_change_is_answered_after_the_commit(daemon: Running, tmp_path: Path) -> None:
    """With the rows of its kind that each step made, changed or deleted."""
    changed = {"update": "skill", "where": {"record_id": "x"}, "set": {"success": False}}
    answer = asked(daemon, a_skill(id="x"), changed, a_skill(id="x"), GONE)
    assert answer == {"result": "committed", "changed": [1, 1, 0, 1]}
    assert asked(daemon, a_skill(id="y"))["changed"] == [1]
    rows = select(open_reader(tmp_path / "c.db"), "SELECT record_id, success FROM skill_metrics")
    assert rows == [("y", 1)]


def test_a_step_that_does_not_fit_is_told_with_all_its_faults(daemon: Running, tmp_path: Path) -> None:
    """By its place; nothing is stored, and what it would have created counts as rejected."""
    bad = {"update": "skill", "where": {"skil_id": 1}, "set": {"tokens_in": -1}, "wher": 1}
    answer = asked(daemon, a_skill(), bad)
    assert (answer["result"], answer["step"]) == ("rejected", 1)
    assert [fault["path"] for fault in answer["faults"]] == ["", "where", "set.tokens_in"]
    assert "did you mean 'where'" in answer["reason"]
    assert select(open_reader(tmp_path / "c.db"), "SELECT count(*) FROM skill_metrics") == [(0,)]
    assert (daemon.counts.received, daemon.counts.rejected) == (1, 1)


@pytest.mark.parametrize(
    "steps",
    [
        None, [], {}, 5, [None], [[]], [{}], ["delete"], [GONE] * 1_001, [{"create": None}], [{"create": {}}],
        [{"create": {"kind": "cpu"}}], [{"update": "skill", "delete": "skill", "where": {"id": 1}}],
        [{"delete": "skill"}], [{"delete": "skill", "where": []}], [{"delete": "skill", "where": [1]}],
        [{"delete": "skill", "where": {"id": "x"}}], [{"delete": "skill", "where": {"id": 0}}],
        [{"delete": "skill", "where": {"id": [1, None]}}], [{"delete": "skill", "where": {"id": [[1]]}}],
        [{"delete": "skill", "since_ms": 0}], [{"delete": "skill", "until_ms": "soon"}],
        [{"delete": "skill", "until_ms": -1}], [{"delete": "benchmark_quality", "until_ms": 5}],
        [{"delete": "benchmark", "where": {"metadata": {"a": 1}}}], [{"delete": None, "where": {"id": 1}}],
        [{"update": "skill", "where": {"id": 1}}], [{"update": "skill", "where": {"id": 1}, "set": {}}],
        [{"update": "skill", "where": {"id": 1}, "set": {"id": 2}}],
        [{"update": "skill", "where": {"id": 1}, "set": {"record_id": "x"}}],
        [{"update": "benchmark", "where": {"run_id": "r"}, "set": {"run_id": "x"}}],
        [{"update": "benchmark_quality", "where": {"run_id": "r"}, "set": {"run_id": "x"}}],
        [{"update": "benchmark", "where": {"run_id": "r"}, "set": {"quality": {}}}],
        [{"update": "query", "where": {"query_hash": "r"}, "set": {"query_hash": "x"}}],
        [{"update": "inference", "where": {"id": 1}, "set": {"tokens_per_second": None}}],
        [{"update": "operation", "where": {"id": 1}, "set": {"sql": "SELECT 1"}}],
        [{"update": "operation", "where": {"id": 1}, "set": {"metadata": "{}"}}],
    ],
)  # fmt: skip
def test_what_means_nothing_or_too_much_is_refused(daemon: Running, steps: Any) -> None:
    """With a reason, and the connection goes on."""
    with Line(daemon.server.path) as line:
        answer = line.ask({"ask": "change", "steps": steps})
        assert answer["result"] == "rejected"
        assert answer["reason"]
        assert line.ask({"ask": "status"}) == {}
    assert adds_up(daemon.counts)


words = st.sampled_from(
    ["create", "update", "delete", "where", "set", "since_ms", "until_ms", "kind", "skill", "run", "id", "x"]
)
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=5),
    max_leaves=12,
)


@given(st.lists(anything, max_size=4) | anything)
@settings(max_examples=80, deadline=None)
def test_whatever_is_asked_is_understood_or_refused(steps: Any) -> None:
    """Nothing else is raised, or the client would wait for ever."""
    made: list[Change] = []
    faults: list[tuple[str, str]] = []
    try:
        made = steps_of({"steps": steps}, NOW)
    except WrongStep as wrong:
        faults = wrong.faults
    assert made or faults


def test_a_hostile_line_is_answered(daemon: Running) -> None:
    """One that is no good JSON is a record that does not fit."""
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(5)
        sock.connect(str(daemon.server.path))
        deep = b'{"ask": "change", "steps": ' + b"[" * 900 + b"]" * 900 + b"}\n"
        sock.sendall(deep + b'{"ask": "change", "steps": [{"delete": "\\ud800"}]}\n{"ask": "change"}\n')
        answers = sock.makefile("rb")
        assert [json.loads(answers.readline())["result"] for _ in range(3)] == ["rejected"] * 3


def test_changes_that_wait_are_bounded(store: Store) -> None:
    """Each may hold a megabyte; the next is told to come again, and counts as nothing."""
    changes, told = Changes(store.writer, store.buffer), list[dict[str, Any]]()
    for _ in range(MOST_WAITING + 1):
        changes({"steps": [a_skill()]}, told.append)
    assert [answer["result"] for answer in told] == ["busy"]
    assert told[0]["retry_after_ms"] > 0
    while store.writer.step(store.now):
        pass
    assert [answer["result"] for answer in told[1:]] == ["committed"] * MOST_WAITING
    changes({"steps": [a_skill()]}, told.append)
    assert store.buffer.counts().received == MOST_WAITING


def test_a_writer_that_has_stopped_says_busy_and_one_that_fails_says_why(store: Store) -> None:
    """Whoever runs next can do the one; the other counts as rejected."""
    changes, told = Changes(store.writer, store.buffer), list[dict[str, Any]]()
    store.conn.execute("DROP TABLE skill_metrics")
    changes({"steps": [a_skill()]}, told.append)
    store.writer.step(store.now)
    assert "no such table" in told[0]["reason"]
    assert store.buffer.counts().rejected == 1
    assert store.writer.close(1)
    changes({"steps": [a_skill()]}, told.append)
    assert (told[1]["result"], told[1]["reason"]) == ("busy", "the writer has stopped")
    with pytest.raises(CollectorError):
        store.writer.ask("late", lambda conn: conn).wait(0)


def an_operation(sql: str, **columns: Any) -> dict[str, Any]:
    """A step that creates one, of a statement."""
    given = {"kind": "operation", "metric_type": "query", "metric_name": "q", "duration_ms": 1.0, "sql": sql}
    return {"create": {**given, **columns}}


def test_the_texts_of_what_is_not_stored_are_offered_again(store: Store) -> None:
    """Busy, refused for another step, or undone: the next to bring the statement brings its text."""
    statements, told = Statements(), list[dict[str, Any]]()
    changes = Changes(store.writer, store.buffer, statements)
    wanted = [an_operation("SELECT a FROM t"), an_operation("SELECT b FROM t")]
    changes({"steps": [*wanted, {"delete": "nothing"}]}, told.append)
    store.conn.execute(
        "CREATE TRIGGER no BEFORE INSERT ON skill_metrics BEGIN SELECT RAISE(ABORT, 'no'); END"
    )
    changes({"steps": [*wanted, a_skill()]}, told.append)
    store.writer.step(store.now)
    assert [answer["result"] for answer in told] == ["rejected"] * 2
    for _ in range(MOST_WAITING):
        changes({"steps": [a_skill()]}, told.append)
    changes({"steps": wanted}, told.append)
    assert told[-1]["result"] == "busy"
    while store.writer.step(store.now):
        pass
    changes({"steps": wanted}, told.append)
    store.writer.step(store.now)
    assert told[-1] == {"result": "committed", "changed": [1, 1]}
    assert store.count("queries") == 2
