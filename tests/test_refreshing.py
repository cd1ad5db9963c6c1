"""The refresher with a real writer's thread, and in a real daemon."""

from __future__ import annotations

import json
import queue
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from collector import clock
from collector.client import Line
from collector.intake.changes import MOST_WAITING
from collector.refreshing import FEW, Refresher
from collector.settings import Recorder as RecorderSettings
from collector.settings import Settings, Slow
from collector.store import cache, stretches
from collector.store.buffer import Buffer
from collector.store.cache import Entry
from collector.store.database import open_writer, raw
from collector.store.topics import TOPICS
from collector.store.writer import Writer
from collector.units import Duration
from tests.answers.made import MINUTE, Made
from tests.answers.reported import add, store
from tests.daemon.conftest import Recorder, collector, recorder

__all__ = ["collector", "recorder"]  # fixtures

Events = Callable[[], list[dict[str, Any]]]


class Running:
    """A refresher beside a writer in its thread; `made` only fills the file before that begins."""

    def __init__(self, path: Path, slow: Slow) -> None:
        self.database = open_writer(path, "normal")
        self.heard: Callable[[str], object] = lambda _: None
        self.writer = Writer(raw(self.database), Buffer(), lambda name, *_: self.heard(name))
        self.writer.start()
        settings = Settings(path=None, collector=RecorderSettings(database=path), slow=slow)
        self.received = 0
        self.refresher = Refresher(self.writer, settings, lambda: self.received)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        found: list[tuple[Any, ...]] = self.writer.ask(
            "look", lambda conn: conn.execute(sql).fetchall()
        ).wait(10)
        return found

    def close(self) -> None:
        assert self.writer.close(10)
        self.database.close()


@pytest.fixture
def made(tmp_path: Path) -> Made:
    """A record of this moment; to be closed before a writer begins."""
    return Made(tmp_path / "c.db", clock.now().wall_ms)


@pytest.fixture
def run(made: Made) -> Iterator[Callable[[], Running]]:
    """Begins to write, once everything is there."""
    started: list[Running] = []

    def begin(slow: Slow = Slow()) -> Running:  # noqa: B008  # frozen
        made.close()
        started.append(Running(made.path, slow))
        return started[-1]

    yield begin
    for one in started:
        one.close()


def queries(made: Made, count: int, user: str = "ada") -> None:
    """Executions of one query a minute ago, 60 ms each."""
    row = {"metric_type": "query", "metric_name": "q", "duration_ms": 60.0, "query_hash": "h"}
    row |= {"user_id": user, "timestamp": made.now_ms - MINUTE}
    store(made, "operation_metrics", [row] * count)


def test_where_no_record_can_be_read_yet_no_statement_is_known(tmp_path: Path) -> None:
    """As on a full disk: recording begins all the same, and each text is offered once more."""
    path = tmp_path / "c.db"
    settings = Settings(path=None, collector=RecorderSettings(database=path))
    refresher = Refresher(None, settings, lambda: 0)  # type: ignore[arg-type]  # it asks no writer
    assert refresher.known_statements() == []
    path.touch()
    assert refresher.known_statements() == []
    open_writer(path).close()
    assert refresher.known_statements() == []


def test_summaries_are_written_by_the_writer(made: Made, run: Callable[..., Running]) -> None:
    """With the thresholds of the settings, which are seconds there."""
    queries(made, 11)
    running = run(Slow(query=Duration(0.05)))
    running.refresher.everything()
    assert running.rows("SELECT query_hash, execution_count FROM query_performance_summary") == [("h", 11)]
    assert running.rows("SELECT user_id, slow_share FROM user_activity_summary") == [("ada", 1.0)]


def test_digests_are_made_between(
    made: Made, run: Callable[..., Running], monkeypatch: pytest.MonkeyPatch, events: Events
) -> None:
    """Only when there is news, and then it is told how many."""
    monkeypatch.setattr(stretches, "ROWS", 32)
    add(made, "skills", 70)
    running = run()
    running.refresher.digests()
    assert running.rows("SELECT count(*) FROM query_cache") == [(0,)]
    running.received = 2 * FEW
    running.refresher.digests()
    running.refresher.digests()
    assert running.rows("SELECT count(*) FROM query_cache") == [(2,)]
    assert [event["digests"] for event in events() if event["event"] == "summaries.refreshed"] == [2]


def test_cleaning_goes_on_until_nothing_has_expired(made: Made, run: Callable[..., Running]) -> None:
    """Some hundred a step."""
    old = [Entry(f"old {n}", "[]", ("t",), 60.0) for n in range(cache.MOST_CLEANED + 7)]
    cache.remember(old, (), 0)(made.conn)
    running = run()
    running.refresher.clean()
    assert running.rows("SELECT count(*) FROM query_cache") == [(0,)]


def test_who_was_told_to_stop_does_nothing(made: Made, run: Callable[..., Running]) -> None:
    """What was there stays."""
    queries(made, 11)
    running = run()
    running.refresher.everything()
    running.refresher.stop()
    running.refresher.everything()
    running.refresher.clean()
    assert running.rows("SELECT count(*) FROM user_activity_summary") == [(1,)]


def test_a_refresh_that_goes_on_ends_at_its_next_step(
    made: Made, run: Callable[..., Running], monkeypatch: pytest.MonkeyPatch
) -> None:
    """So the end of the recorder waits for one digest at most."""
    monkeypatch.setattr(stretches, "ROWS", 32)
    add(made, "skills", 500)
    running = run()
    running.heard = lambda name: running.refresher.stop() if name == "summaries.digest" else None
    running.refresher.everything()
    assert running.rows("SELECT count(*) FROM query_cache") == [(1,)]


def test_a_writer_that_has_ended_is_told_in_the_log(
    made: Made, run: Callable[..., Running], events: Events
) -> None:
    """Nobody waits for it."""
    queries(made, 11)
    running = run()
    assert running.writer.close(10)
    running.refresher.everything()
    assert [event["event"] for event in events()][-1] == "summaries.failed"


def entry(**given: Any) -> dict[str, Any]:
    """An entry as a command tells it."""
    return {"key": "summary k", "data": "[]", "tags": ["skill_metrics"], "made_ms": 60.0, **given}


def remembered(running: Running, words: dict[str, Any]) -> dict[str, Any]:
    """What is answered, after the commit."""
    told: queue.Queue[dict[str, Any]] = queue.Queue()
    running.refresher.remember({"ask": "cache", **words}, told.put)
    return told.get(timeout=10)


@pytest.mark.parametrize(
    "words",
    [
        {"entries": 5}, {"entries": [{"key": "k"}]}, {"hits": [1]}, {"entries": [{"more": 1}]},
        {"hits": ["\ud800"]}, {"hits": ["h"] * 1_001}, {"entries": [entry()] * 1_001},
        *({"entries": [entry(), entry(**wrong)]} for wrong in (
            {"key": "changes of skill_metrics"}, {"key": ""}, {"key": "summary " + "k" * 248},
            {"key": "summary \ud800"}, {"question": "\ud800"}, {"tags": ["sqlite_master"]},
            {"tags": ["skill"]},
            {"made_ms": -1.0}, {"made_ms": float("nan")}, {"made_ms": float("inf")}, {"made_ms": 1e300},
            {"data": ""}, {"data": "{"}, {"data": "[" * 5_000}, {"data": json.dumps("x" * (1 << 20))},
        )),
    ],
)  # fmt: skip
def test_words_that_are_none_are_rejected(run: Callable[[], Running], words: dict[str, Any]) -> None:
    """With the reason, and nothing is kept."""
    running = run()
    answer = remembered(running, words)
    assert answer["result"] == "rejected"
    assert answer["reason"]
    assert running.rows("SELECT count(*) FROM query_cache") == [(0,)]


def test_what_is_kept_is_answered_after_the_commit(run: Callable[[], Running]) -> None:
    """Every table that a summary is made of is a tag."""
    running = run()
    tables = sorted({table for topic in TOPICS.values() for table in topic.tables})
    entries = [entry(key="summary " + "k" * 247, tags=tables, data=json.dumps("x" * ((1 << 20) - 2)))]
    assert remembered(running, {"entries": entries}) == {"result": "committed"}
    assert running.rows("SELECT count(*) FROM query_cache") == [(1,)]
    assert running.writer.close(10)
    assert remembered(running, {"entries": entries})["result"] == "busy"


def test_only_some_wait_for_the_writer(run: Callable[[], Running]) -> None:
    """Each may hold a megabyte; the next is told to come again."""
    running = run()
    told: queue.Queue[dict[str, Any]] = queue.Queue()
    go_on = threading.Event()
    running.writer.ask("long", lambda _: go_on.wait(10))
    for _ in range(MOST_WAITING + 1):
        running.refresher.remember({"entries": [entry()]}, told.put)
    busy = told.get(timeout=10)
    assert (busy["result"], busy["retry_after_ms"]) == ("busy", 200)
    go_on.set()
    answers = [told.get(timeout=10)["result"] for _ in range(MOST_WAITING)]
    assert answers == ["committed"] * MOST_WAITING


def push(recorder: Recorder, records: list[dict[str, Any]]) -> None:
    """Send records through the socket, and wait until they are committed."""
    with Line(recorder.database.parent / "run" / "c.sock", timeout=20) as line:
        for start in range(0, len(records), 1000):
            assert line.ask(records[start : start + 1000])["result"] == "committed"


def skill(n: int) -> dict[str, Any]:
    """A skill's execution, n ms long."""
    given = {"kind": "skill", "skill_id": f"s{n % 2}", "execution_ms": n, "success": n % 10 > 0}
    return given | {"tokens_in": 1, "tokens_out": 2}


def test_what_was_pushed_appears_in_the_summary(recorder: Recorder, collector: Callable[..., Any]) -> None:
    """Through the socket of a real daemon, and back on the command line, while it runs."""
    recorder.start()
    push(recorder, [skill(n) for n in range(200)])
    said = collector("summary", "skills", "--json", "--config", recorder.config)
    rows = {row["skill_id"]: row for row in json.loads(said.stdout)}
    assert (said.returncode, said.stderr) == (0, "")
    assert {name: (row["count"], row["max_ms"]) for name, row in rows.items()} == {
        "s0": (100, 198.0), "s1": (100, 199.0),
    }  # fmt: skip
    assert rows["s0"]["failure_rate"] == 0.2
    assert recorder.stop() == 0
