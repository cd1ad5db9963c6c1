"""Looking for changes while the recorder runs: with a real writer's thread and real alerts."""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from collector import clock
from collector.alerts import Alerts
from collector.intake.changes import MOST_WAITING
from collector.looking import Looking
from collector.records.run import Run
from collector.settings import Recorder as RecorderSettings
from collector.settings import Settings, Slow
from collector.slow import Thresholds
from collector.store.buffer import Buffer
from collector.store.database import open_writer, raw
from collector.store.writer import Writer
from tests.answers.made import HOUR, MINUTE, Made
from tests.answers.reported import store
from tests.conftest import cpu

Events = Callable[[], list[dict[str, Any]]]


class Running:
    """A looking beside a writer in its thread, and what its alerts told."""

    def __init__(self, made: Made) -> None:
        made.close()
        self.now_ms = made.now_ms
        self.database = open_writer(made.path, "normal")
        self.steps: list[str] = []
        self.writer = Writer(raw(self.database), Buffer(), lambda name, *_: self.steps.append(name))
        self.writer.start()
        self.told: list[Mapping[str, Any]] = []
        self.settings = Settings(path=None, collector=RecorderSettings(database=made.path))
        self.looking = self.begun()

    def begun(self) -> Looking:
        """A looking as it is after a start, with alerts of its own."""
        alerts = Alerts(lambda *_: None, Thresholds.of(Slow()), self.told.append, 3.0)
        return Looking(self.writer, self.settings, alerts)

    def turns(self) -> list[tuple[str, str]]:
        """The changes of state that were told."""
        return [(alert["from_state"], alert["to_state"]) for alert in self.told]

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        found: list[tuple[Any, ...]] = self.writer.ask("r", lambda conn: conn.execute(sql).fetchall()).wait(
            10
        )
        return found

    def ran(self, *values: float, ago_ms: int = 0) -> None:
        """Runs that came in now, and were told of as the writer does."""
        columns = "workload, workload_kind, timestamp, outcome, wall_ms"
        sql = f"INSERT INTO workload_runs ({columns}) VALUES ('unit-tests', 'command', ?, 'ok', ?)"
        moments = [(self.now_ms - ago_ms - i * 1000, value) for i, value in enumerate(values)]
        self.writer.ask("insert", lambda conn: conn.executemany(sql, moments)).wait(10)
        self.looking.stored([Run.record(workload="unit-tests", timestamp=1)])

    def asked(self, **words: Any) -> dict[str, Any]:
        """What is answered to the task ``accept``."""
        answers: queue.Queue[dict[str, Any]] = queue.Queue()
        self.looking.accept({"ask": "accept", **words}, answers.put)
        return answers.get(timeout=10)

    def close(self) -> None:
        self.writer.close(10)
        self.database.close()


@pytest.fixture
def running(made: Made) -> Iterator[Running]:
    """With 30 runs of 40 ms, then 12 of 60 ms; nobody has looked yet."""
    for i in range(42):
        made.run("unit-tests", i * 30 * MINUTE, (60.0 if i < 12 else 40.0) + i % 3 / 10)
    one = Running(made)
    yield one
    one.close()


@pytest.fixture
def made(tmp_path: Any) -> Made:
    """A record of this moment; to be closed before a writer begins."""
    return Made(tmp_path / "c.db", clock.now().wall_ms)


CHANGES = "SELECT id, subject, state, runs_after, accepted_ms IS NOT NULL FROM changes"


def test_what_came_in_while_no_recorder_ran_is_looked_at_first(running: Running) -> None:
    """The change is stored, and told as an alert."""
    assert running.looking.step()
    assert running.rows(CHANGES) == [(1, "unit-tests", "confirmed", 12, 0)]
    (alert,) = running.told
    assert (alert["subject"], alert["to_state"]) == ("unit-tests", "got_slower")
    assert alert["details"]["id"] == 1
    assert running.rows("SELECT told_ms FROM changes") == [(alert["timestamp"],)]
    assert alert["details"]["at_ms"] == running.now_ms - 11 * 30 * MINUTE < alert["timestamp"]


def test_one_that_is_gone_ends_what_was_told_of_it(running: Running) -> None:
    """Once; and when it is found again nobody is told a second time."""
    running.looking.step()
    running.rows("UPDATE changes SET state = 'gone'")
    running.looking.stored([Run.record(workload="unit-tests", timestamp=1)])
    running.looking.step()
    assert running.turns() == [("ok", "got_slower"), ("got_slower", "recovered")]
    running.ran(60.0)
    running.looking.step()
    running.looking.step()
    assert running.rows(CHANGES) == [(1, "unit-tests", "confirmed", 13, 0)]
    assert len(running.told) == 2


def test_another_that_stands_keeps_what_was_told(running: Running) -> None:
    """A second slowdown, of which nobody was told since it was slower already, counts as well."""
    running.looking.step()
    running.ran(*[90.0] * 12)
    running.looking.step()
    assert running.rows("SELECT state, told_ms IS NOT NULL FROM changes") == [("confirmed", 1)] * 2
    assert running.turns() == [("ok", "got_slower")]
    running.rows("UPDATE changes SET state = 'gone' WHERE id = 1")
    running.looking.stored([Run.record(workload="unit-tests", timestamp=1)])
    running.looking.step()
    assert running.turns() == [("ok", "got_slower")]
    running.rows("UPDATE changes SET state = 'gone'")
    running.looking.stored([Run.record(workload="unit-tests", timestamp=1)])
    running.looking.step()
    assert running.turns() == [("ok", "got_slower"), ("got_slower", "recovered")]


def test_a_command_that_looks_first_takes_no_alert_away(running: Running) -> None:
    """What it stored while no recorder ran is told with the next run, and a row says that it was."""
    running.looking.step()
    running.rows("UPDATE changes SET told_ms = NULL")
    running.told.clear()
    running.ran(60.0)
    running.begun().step()
    assert running.turns() == [("ok", "got_slower")]


def test_without_news_no_database_is_opened(running: Running) -> None:
    """Neither a reader nor a step of the writer: samples of the machine are no news."""
    running.looking.step()
    running.looking.settings = Settings(path=None)  # where nothing could be opened
    running.looking.stored([cpu(1)])
    count = len(running.steps)
    assert running.looking.step() is False
    assert len(running.steps) == count


def test_a_new_run_is_looked_at_and_told_once(running: Running) -> None:
    """The same change, in the same row."""
    running.looking.step()
    running.ran(60.0)
    assert running.looking.step()
    assert running.rows(CHANGES) == [(1, "unit-tests", "confirmed", 13, 0)]
    assert len(running.told) == 1


def test_a_busy_statement_is_looked_at_once_a_stretch(made: Made) -> None:
    """Single executions of it are no reason: between two stretches nothing can have changed."""
    row = {"metric_type": "query", "metric_name": "app", "query_hash": "3f9c2ab0", "duration_ms": 5.0}
    store(made, "operation_metrics", [row | {"timestamp": made.now_ms - i * 10_000} for i in range(2_000)])
    running = Running(made)
    try:
        running.looking.step()
        seen = running.rows("SELECT timestamp FROM upkeep_positions WHERE name GLOB 'look *'")
        running.writer.ask("insert", lambda conn: conn.execute(
            "INSERT INTO operation_metrics (metric_type, metric_name, query_hash, duration_ms, timestamp)"
            " VALUES ('query', 'app', '3f9c2ab0', 5.0, 1)"
        )).wait(10)  # fmt: skip
        running.looking.stored([Run.record(workload="w", timestamp=1)])
        due_ms = next(iter(running.looking._due_ms.values()))
        assert due_ms > seen[0][0]
        running.looking.step()
        is_over = clock.now().wall_ms >= due_ms  # the test ran across the end of a stretch
        again = running.rows("SELECT timestamp FROM upkeep_positions WHERE name GLOB 'look *'")
        assert (again == seen) is not is_over
    finally:
        running.close()


def test_many_subjects_are_looked_at_some_at_a_time(made: Made) -> None:
    """No step of the writer takes long; only after the last part the position moves."""
    for n in range(45):
        made.run(f"w{n:02}", 0, 1.0)
    running = Running(made)
    try:
        running.looking.step()
        assert [name for name in running.steps if name.startswith("changes.")] == [
            "changes.keep", "changes.keep", "changes.keep", "changes.looked",
        ]  # fmt: skip
        sql = "SELECT position FROM upkeep_positions WHERE name = 'changes workload_runs'"
        assert running.rows(sql) == [(45,)]
        assert running.rows("SELECT count(*) FROM upkeep_positions WHERE name GLOB 'look *'") == [(45,)]
    finally:
        running.close()


def test_a_look_that_is_stopped_is_taken_up_again(running: Running) -> None:
    """The position has not moved."""
    running.looking.stop()
    running.looking.step()
    assert running.rows("SELECT count(*) FROM upkeep_positions") == [(0,)]
    assert running.rows(CHANGES) == []


def test_a_look_that_fails_is_told_and_tried_again(running: Running, events: Events) -> None:
    """A record that cannot be read is no reason to end."""
    settings = running.looking.settings
    running.looking.settings = Settings(
        path=None, collector=RecorderSettings(database=settings.database.with_name("none.db"))
    )
    assert running.looking.step()
    assert [event["event"] for event in events() if event["event"] == "changes.failed"] == ["changes.failed"]
    running.looking.settings = settings
    assert running.looking.step()
    assert running.rows(CHANGES) == [(1, "unit-tests", "confirmed", 12, 0)]


def test_a_change_is_accepted_over_the_socket(running: Running) -> None:
    """Once; what comes is compared with the runs since then."""
    running.looking.step()
    assert running.asked(id=1, note=" as it should be ") == {"result": "committed"}
    assert running.rows("SELECT note FROM changes") == [("as it should be",)]
    again = running.asked(id=1, note="again")
    assert again == {"result": "rejected", "reason": "change 1 is accepted already"}
    assert running.looking.step()
    assert running.turns() == [("ok", "got_slower"), ("got_slower", "recovered")]
    assert running.told[-1]["sentence"] == "unit-tests is as it should be: that it got slower was accepted"
    running.ran(*[60.0] * 4, ago_ms=HOUR)
    running.looking.step()
    assert running.rows(CHANGES) == [(1, "unit-tests", "accepted", 12, 1)]
    assert len(running.told) == 2


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ({"note": "x"}, "id: must be the number of a change"),
        ({"id": "1", "note": "x"}, "id: must be the number of a change"),
        ({"id": True, "note": "x"}, "id: must be the number of a change"),
        ({"id": 2**63, "note": "x"}, "id: must be the number of a change"),
        ({"id": 1}, "note: must say why, it cannot be empty"),
        ({"id": 1, "note": "  "}, "note: must say why, it cannot be empty"),
        ({"id": 1, "note": "x" * 2_001}, "note: must be a text of at most 2,000 characters"),
        ({"id": 9, "note": "x"}, "there is no change 9"),
    ],
)
def test_wrong_words_are_refused(running: Running, words: dict[str, Any], reason: str) -> None:
    """Whatever a line holds, it is answered."""
    assert running.asked(**words) == {"result": "rejected", "reason": reason}


def test_half_a_character_is_refused(running: Running) -> None:
    """JSON can hold it, the database cannot."""
    assert running.asked(id=1, note="\ud800")["result"] == "rejected"


def test_too_many_at_once_are_told_to_wait(running: Running) -> None:
    """Each holds its place until the writer has come to it."""
    for _ in range(MOST_WAITING):
        assert running.looking._room.acquire(blocking=False)
    assert running.asked(id=1, note="x")["result"] == "busy"


def test_after_the_writer_has_stopped_it_is_said_so(running: Running) -> None:
    """Whoever asked can ask the next one."""
    running.writer.close(10)
    assert running.asked(id=1, note="x")["result"] == "busy"
