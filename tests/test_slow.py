"""Warnings of what was slow: told after the commit, folded, remembered, and never a trouble to the writer."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from collector.clock import Instant
from collector.records.inference import Inference
from collector.records.operation import Operation
from collector.records.skill import Skill
from collector.sections import Slow
from collector.slow import SlowWarnings, Thresholds
from collector.slow.folds import Folds
from collector.slow.texts import CHARACTERS, Texts
from collector.store.buffer import Batch
from collector.store.texts import text_of
from collector.store.writer import Writer
from collector.units import Duration
from tests.conftest import START, Store, cpu

Events = Callable[[], list[dict[str, Any]]]
HOUR_MS = 3_600_000


class Clock:
    """A clock that stands until it is set."""

    def __init__(self) -> None:
        self.instant = START

    def __call__(self) -> Instant:
        return self.instant

    def later(self, seconds: float) -> float:
        self.instant = self.instant.later(seconds)
        return self.instant.monotonic


class Watched:
    """A real store whose writer tells real warnings."""

    def __init__(self, store: Store, slow: Slow) -> None:
        self.store, self.clock = store, Clock()
        self.warnings = SlowWarnings(Thresholds.of(slow), self.clock)
        self.warnings.texts.look_up = text_of(store.conn)
        store.writer = Writer(store.conn, store.buffer, self.warnings.own, self.warnings.stored)

    def store_now(self, *records: msgspec.Struct) -> None:
        self.store.put(*records)
        assert self.store.flush()

    def recent(self) -> list[dict[str, Any]]:
        """The warnings, without what tells one from the other."""
        return [
            {key: value for key, value in warning.items() if key not in ("n", "timestamp")}
            for warning in self.warnings.recent(0)
        ]


@pytest.fixture
def watched(store: Store) -> Watched:
    """With thresholds as a config may have them."""
    names = {"nightly": Duration(5), "login": Duration(0.02), "big-model": Duration(60)}
    return Watched(store, Slow(inference=Duration(10), names=names))


def operation(duration_ms: float, kind: str = "query", name: str = "orders", **more: Any) -> msgspec.Struct:
    """An operation that began just now."""
    return Operation.record(
        **{"metric_type": kind, "metric_name": name, "duration_ms": duration_ms,
           "timestamp": START.wall_ms, **more}
    )  # fmt: skip


def query(query_hash: str, text: str) -> Any:
    """The part with the text of a statement, as it comes with its first operation."""
    (field,) = (f for f in msgspec.structs.fields(type(operation(1.0))) if f.name == "query")
    part = next(kind for kind in field.type.__args__ if kind is not type(None))
    return part(query_hash=query_hash, fp_version=1, dialect="sqlite", text=text, first_seen=1)


def inference(seconds: float, model: str = "small") -> msgspec.Struct:
    """An inference that ended just now."""
    return Inference.record(
        model_name=model, task_type="chat", inference_time=seconds, input_tokens=1, output_tokens=1,
        tokens_per_second=1.0, query_length=1, response_length=1, created_at=START.wall_ms,
        timestamp=START.wall_ms - round(seconds * 1000),
    )  # fmt: skip


def skill(duration_ms: float, skill_id: str = "sum") -> msgspec.Struct:
    """An execution of a skill."""
    return Skill.record(
        skill_id=skill_id, execution_ms=duration_ms, tokens_in=1, tokens_out=1, success=True,
        timestamp=START.wall_ms,
    )  # fmt: skip


def test_a_slow_operation_is_told_in_the_log_with_all_that_is_known(watched: Watched, events: Events) -> None:
    """The first at once; its text comes along with it."""
    watched.store_now(operation(812.34, query_hash="h1", rows=7, query=query("h1", "SELECT ?")))
    (event,) = (event for event in events() if event["event"] == "query.slow")
    assert event | {"timestamp": 0} == {
        "timestamp": 0, "level": "warning", "event": "query.slow", "component": "slow", "name": "orders",
        "duration_ms": 812.3, "threshold_ms": 100.0, "rows": 7, "query_hash": "h1", "query": "SELECT ?",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("record", "event"),
    [
        (operation(100.1), "query.slow"),
        (operation(501.0, "api"), "api.slow"),
        (operation(1_001.0, "frontend"), "frontend.slow"),
        (operation(11.0, "cache"), "cache.slow"),
        (inference(10.5), "inference.slow"),
        (operation(21.0, "api", "login"), "api.slow"),
        (skill(21.0, "login"), "skill.slow"),
    ],
)
def test_each_kind_has_its_threshold_and_its_event(
    watched: Watched, record: msgspec.Struct, event: str
) -> None:
    """A name may have one of its own, also where the kind has none."""
    watched.store_now(record)
    assert [warning["event"] for warning in watched.recent()] == [event]


@pytest.mark.parametrize(
    "record",
    [
        operation(100.0),
        operation(500.0, "api"),
        inference(10.0),
        inference(59.0, "big-model"),
        operation(4_999.0, "query", "nightly"),
        skill(1e6),
        cpu(1),
    ],
)
def test_what_is_not_over_its_threshold_is_not_told(watched: Watched, record: msgspec.Struct) -> None:
    """Just at it is not over it; a name's own may be higher; without one nobody wants to know."""
    watched.store_now(record)
    assert watched.recent() == []


def test_what_ended_an_hour_ago_is_history(watched: Watched) -> None:
    """It was imported, or stood in a log. A long one that ended just now is news all the same."""
    old, now = START.wall_ms - HOUR_MS, START.wall_ms
    watched.store_now(operation(500.0, name="old", timestamp=old - 1_000))
    watched.store_now(operation(2.0 * HOUR_MS, name="long", timestamp=now - 2 * HOUR_MS))
    watched.store_now(operation(500.0, name="late", timestamp=old + 1_000))
    assert [warning["name"] for warning in watched.recent()] == ["long", "late"]


def test_only_what_is_stored_is_told(watched: Watched) -> None:
    """A batch that is sent a second time is no news, and what its table refuses never happened."""
    sent = [operation(500.0, record_id="1")]
    for _ in range(2):
        watched.store.buffer.offer(watched.store.now.monotonic, Batch(sent, 100))
        watched.store.flush()
    bad = operation(500.0, name="bad", rows="many")
    watched.store.buffer.offer(watched.store.now.monotonic, Batch([bad], 100))
    watched.store.flush()
    watched.warnings.close()
    assert [warning["name"] for warning in watched.recent()] == ["orders"]


def test_a_text_that_is_stored_already_is_looked_up(watched: Watched) -> None:
    """Texts come only once, and the recorder may have started since."""
    watched.store_now(operation(1.0, query_hash="h1", query=query("h1", "SELECT a FROM t")))
    again = Watched(watched.store, Slow())
    again.store_now(operation(500.0, query_hash="h1"), operation(500.0, query_hash="unknown"))
    assert [warning.get("query") for warning in again.recent()] == ["SELECT a FROM t", None]


def test_a_warning_that_fails_does_not_stop_the_writer(watched: Watched, events: Events) -> None:
    """The batch is committed, its sender hears so, and the log says what broke."""

    def fails(_: str) -> str:
        raise RuntimeError("no text today")

    watched.warnings.texts.look_up = fails
    told: list[Any] = []
    batch = Batch([operation(500.0, query_hash="h1")], 100, told.append)
    watched.store.buffer.offer(watched.store.now.monotonic, batch)
    watched.store.flush()
    assert [outcome.committed for outcome in told] == [1]
    broken = [event["error"] for event in events() if event["event"] == "slow.broken"]
    assert broken == ["RuntimeError: no text today"]


def test_a_text_that_cannot_be_read_is_none(store: Store) -> None:
    """The warning stands without it."""
    store.conn.execute("DROP TABLE queries")
    assert text_of(store.conn)("h1") == ""


def test_repeated_ones_are_folded_by_their_statement(watched: Watched) -> None:
    """The first at once, then the slowest of 30 s with their count."""
    for n in range(4):
        watched.store_now(operation(200.0 + n, query_hash="h1"))
    watched.store_now(operation(150.0, query_hash="h2"))
    watched.clock.later(30)
    watched.store_now(operation(190.0, query_hash="h1"))
    found = [(w["query_hash"], w["duration_ms"], w.get("count")) for w in watched.recent()]
    assert found == [("h1", 200.0, None), ("h2", 150.0, None), ("h1", 203.0, 4)]


def test_each_of_those_who_run_a_statement_is_told(watched: Watched) -> None:
    """Whoever follows one of them would not see what stands under another's name."""
    for name, duration_ms in (("a", 900.0), ("b", 200.0), ("a", 800.0), ("b", 300.0)):
        watched.store_now(operation(duration_ms, name=name, query_hash="h1"))
    watched.warnings.close()
    found = [(w["name"], w["duration_ms"]) for w in watched.recent()]
    assert found == [("a", 900.0), ("b", 200.0), ("a", 800.0), ("b", 300.0)]


def test_the_last_of_a_burst_are_not_lost(watched: Watched) -> None:
    """When it is silent after them a step says how many they were, once."""
    watched.store_now(*(operation(200.0 + n) for n in range(5)))
    assert not watched.warnings.step(watched.clock.later(29))
    assert watched.warnings.step(watched.clock.later(1))
    assert not watched.warnings.step(watched.clock.later(60))
    assert [(w["duration_ms"], w.get("count")) for w in watched.recent()] == [(200.0, None), (204.0, 4)]


def test_the_end_says_what_is_left(watched: Watched) -> None:
    """Nothing is lost by a stop."""
    watched.store_now(operation(200.0), operation(300.0))
    watched.warnings.close()
    watched.store_now(operation(250.0))
    assert [w["duration_ms"] for w in watched.recent()] == [200.0, 300.0, 250.0]


def test_folds_are_bounded_and_the_one_that_goes_says_its_count() -> None:
    """It is the one that was silent longest."""
    folds = Folds(most=2)

    def happens(key: str, duration_ms: float) -> list[tuple[str, dict[str, Any]]]:
        return [*folds.happened(("query.slow", key, key), 0.0, {"name": key, "duration_ms": duration_ms})]

    for key in ("a", "b", "a", "a", "b"):
        happens(key, 1.0)
    assert happens("c", 1.0) == [
        ("query.slow", {"name": "c", "duration_ms": 1.0}),
        ("query.slow", {"name": "a", "duration_ms": 1.0, "count": 2}),
    ]
    assert [fields["name"] for _, fields in folds.due(float("inf"))] == ["b"]


def test_our_own_queries_are_told_with_the_others(watched: Watched, events: Events) -> None:
    """Under the program's own name, in the same log and the same memory."""
    watched.warnings.own("flush", 100.0, 1)
    for _ in range(3):
        watched.warnings.own("flush", 250.04, 12)
    told = {"name": "collector.flush", "duration_ms": 250.0, "threshold_ms": 100.0, "rows": 12}
    assert watched.recent() == [{"event": "query.slow", **told}]
    assert [event["name"] for event in events() if event["event"] == "query.slow"] == ["collector.flush"]


def test_new_thresholds_count_from_now_on(watched: Watched) -> None:
    """The config was read again."""
    watched.warnings.set(Thresholds.of(Slow(query=Duration(1), skill=Duration(0.5))))
    watched.store_now(operation(900.0), skill(501.0))
    watched.warnings.own("flush", 900.0, 1)
    assert [warning["event"] for warning in watched.recent()] == ["skill.slow"]


def test_the_last_500_are_remembered_by_number(watched: Watched) -> None:
    """Whoever asks says up to which number it has heard, and learns the last."""
    watched.store_now(*(operation(200.0, name=f"q{n}") for n in range(600)))
    found = watched.warnings.recent(0)
    assert [warning["n"] for warning in found] == list(range(101, 601))
    assert [warning["n"] for warning in watched.warnings.recent(598)] == [599, 600]
    assert [warning["n"] for warning in watched.warnings.recent(0, 3)] == [598, 599, 600]
    assert watched.warnings.recent(0, 0) == watched.warnings.recent(600) == []
    answer = watched.warnings.asked({"ask": "slow", "after": 599})
    assert answer == {"began_ms": START.wall_ms, "last": 600, "warnings": found[-1:]}


@pytest.mark.parametrize("words", [{"after": "1"}, {"after": None}, {"most": 1.5}, {"after": True}])
def test_what_is_no_number_is_refused(watched: Watched, words: dict[str, Any]) -> None:
    """Anybody may write to the socket."""
    assert watched.warnings.asked(words) == {
        "result": "rejected", "reason": "after and most are whole numbers",
    }  # fmt: skip


def test_many_threads_may_warn_while_one_asks(watched: Watched) -> None:
    """Each warning has a number of its own, and none is lost."""

    def warn(name: str) -> None:
        for n in range(100):
            watched.warnings.own(f"{name} {n}", 200.0, 1)

    threads = [threading.Thread(target=warn, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        numbers = [warning["n"] for warning in watched.warnings.recent(0)]
        assert numbers == sorted(set(numbers))
    assert [warning["n"] for warning in watched.warnings.recent(0)] == list(range(1, 401))


def test_texts_are_bounded_in_number_and_length() -> None:
    """The one that was learned longest ago goes, and is looked up again when it is needed."""
    texts, looked = Texts(most=2), list[str]()
    texts.look_up = lambda query_hash: looked.append(query_hash) or "x" * 500  # type: ignore[func-returns-value]
    for query_hash in ("a", "b", "c"):
        texts.learn(query_hash, f"SELECT {query_hash}")
    assert texts.of("c") == "SELECT c"
    assert (texts.of("a"), looked) == ("x" * (CHARACTERS - 1) + "…", ["a"])
