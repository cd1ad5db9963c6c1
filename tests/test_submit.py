"""How a command writes: through a real daemon's socket, or with a writer of its own."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from collector.errors import AlreadyRunning, CollectorError, NotRunning
from collector.intake.loose import loads
from collector.orm import select
from collector.settings import Recorder, Settings
from collector.sqlite import sqlite3
from collector.store.database import open_reader
from collector.store.lock import InstanceLock, holder, lock_path
from collector.submit import sink, submit
from tests.cli.daemon import answering, holding
from tests.intake.test_server import Daemon

BUSY = {"result": "busy", "reason": "the queue is full", "retry_after_ms": 1}


class Running(Daemon):
    """A daemon that holds the lock, too."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._lock = InstanceLock(self.database)
        self._lock.acquire("collector run", self.socket)
        self.runs = True

    def stop(self) -> None:
        """Stop it and let go of the lock; stopping twice is fine."""
        if self.runs:
            super().stop()
            self._lock.release()
        self.runs = False


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Those of a database where nothing is yet."""
    return Settings(path=None, collector=Recorder(database=tmp_path / "c.db"))


@pytest.fixture
def recorder(tmp_path: Path) -> Iterator[Running]:
    """A running one on the same database."""
    made = Running(tmp_path)
    yield made
    made.stop()


def a_run(**given: Any) -> dict[str, Any]:
    """A record."""
    return {"kind": "run", "workload": "tests", "timestamp": 1_800_000_000_000, "wall_ms": 12.5, **given}


def stored(settings: Settings, what: str = "count(*)") -> Any:
    """What the database has."""
    return select(open_reader(settings.database), f"SELECT {what} FROM workload_runs")[0][0]


def wait_for_the_lock(settings: Settings) -> None:
    """Until nobody holds it."""
    with lock_path(settings.database).open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)


def test_without_a_daemon_the_lock_is_let_go_of_after_a_few_records(settings: Settings) -> None:
    """So a recorder can begin while they trickle; and nothing is opened before the first."""
    with sink(settings) as send:
        assert not settings.database.exists()
        assert send([a_run(), a_run()])["committed"] == 2
        assert holder(settings.database) is None
        assert send([a_run()])["result"] == "committed"
    assert stored(settings) == 3


def test_after_many_records_the_lock_is_let_go_of_when_no_more_come(settings: Settings) -> None:
    """While they come, the database is not opened for each batch."""
    with sink(settings) as send:
        send([a_run() for _ in range(200)])
        wait_for_the_lock(settings)
        assert holder(settings.database) is None
        assert send([a_run() for _ in range(200)])["committed"] == 200
    assert holder(settings.database) is None
    assert stored(settings) == 400


def test_a_daemon_that_comes_is_sent_the_rest(settings: Settings, tmp_path: Path) -> None:
    """Its database is written by nobody else."""
    with sink(settings) as send:
        send([a_run() for _ in range(200)])
        wait_for_the_lock(settings)
        daemon = Running(tmp_path)
        assert send([a_run() for _ in range(200)])["committed"] == 200
        assert daemon.buffer.counts().committed == 200
        daemon.stop()


def test_a_long_turn_ends_between_two_lines(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """And a recorder that waits for the lock gets it before the next; here each line is a turn."""
    monkeypatch.setattr("collector.submit.turn.LONGEST_SECONDS", 0)
    waiting = InstanceLock(settings.database)
    with sink(settings) as send:
        send([a_run()])
        with ThreadPoolExecutor(1) as pool:
            sent = pool.submit(send, [a_run() for _ in range(5_000)])
            waiting.acquire("collector run")
            waiting.release()
            assert sent.result()["committed"] == 5_000


def test_more_than_one_line_takes_goes_in_several(recorder: Running, settings: Settings) -> None:
    """Positions count over all records of the call."""
    given = [a_run(id=str(n)) for n in range(2_500)]
    given[1_700] = a_run(wall_ms=-1)
    given[2_400] = a_run(id="7")
    with sink(settings) as send:
        answer = send(given)
    assert (answer["committed"], answer["duplicate"]) == (2_498, 1)
    assert [one["position"] for one in answer["rejected"]] == [1_700]
    assert recorder.buffer.counts().received == 2_500


def test_lines_are_split_by_their_size_too(recorder: Running, settings: Settings) -> None:
    """Forty records of 60 kB are more than the daemon takes on one."""
    assert submit(settings, [a_run(output="x" * 60_000) for _ in range(40)])["committed"] == 40


def test_a_record_without_an_id_is_given_one(settings: Settings) -> None:
    """So sending it again is safe; those of the caller stay as they are."""
    mine = [a_run(), a_run(id=None), a_run(id="mine")]
    submit(settings, mine)
    assert "id" not in mine[0]
    assert stored(settings, "count(DISTINCT record_id)") == 3
    assert stored(settings, "sum(record_id = 'mine')") == 1


def test_what_json_cannot_carry_is_refused_with_its_path(recorder: Running, settings: Settings) -> None:
    """Its neighbours are stored."""
    twice = loads('{"kind": "run", "workload": "a", "workload": "b", "timestamp": 1}')
    deep: Any = []
    for _ in range(5_000):
        deep = [deep]
    odd = [float("nan"), float("inf"), deep, "x" * (2 << 20)]
    given = [a_run(), twice, *(a_run(wall_ms=value) for value in odd), 3, a_run(output="x" * (2 << 20))]
    with sink(settings) as send:
        answer = send([*given, a_run()])
    assert answer["committed"] == 2
    assert [one["position"] for one in answer["rejected"]] == [1, 2, 3, 4, 5, 6, 7]
    reasons = [one["reason"] for one in answer["rejected"]]
    assert reasons[0] == "the key 'workload' stands there twice"
    assert reasons[1].startswith("wall_ms: must be a number, 0 or more")
    assert reasons[6].startswith("is 2,097,")


def test_a_daemon_that_goes_away_is_done_without(recorder: Running, settings: Settings) -> None:
    """The next records go straight into the database."""
    with sink(settings) as send:
        send([a_run()])
        recorder.stop()
        assert send([a_run()])["committed"] == 1
    assert stored(settings) == 2


def test_a_connection_that_was_let_go_is_made_again(settings: Settings, tmp_path: Path) -> None:
    """A daemon does so with who was silent; this one does it after each answer."""
    said = {"result": "committed", "committed": 1, "duplicate": 0, "rejected": []}
    with answering(settings.database, tmp_path, said), sink(settings) as send:
        assert [send([a_run()])["committed"] for _ in range(3)] == [1, 1, 1]


def test_a_busy_daemon_is_asked_again_for_a_while(settings: Settings, tmp_path: Path) -> None:
    """Then the reason is told, and what to do."""
    with (
        answering(settings.database, tmp_path, BUSY),
        sink(settings, patience_seconds=0.05) as send,
        pytest.raises(CollectorError, match=r"was busy for .* s: the queue is full"),
    ):
        send([a_run()])


def test_a_lock_without_a_socket_names_its_holder(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another command that writes, for instance."""
    monkeypatch.setattr("collector.submit._SETTLE_SECONDS", 0)
    with (
        holding(settings.database, "collector import"),
        pytest.raises(AlreadyRunning, match="collector import"),
    ):
        submit(settings, [a_run()])


def test_a_daemon_that_does_not_listen_is_told(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It holds the database, so nobody else can write."""
    monkeypatch.setattr("collector.submit._SETTLE_SECONDS", 0)
    with (
        holding(settings.database, "collector run", tmp_path / "nobody"),
        pytest.raises(NotRunning, match="does not answer"),
    ):
        submit(settings, [a_run()])


def test_a_database_that_takes_nothing_is_told(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """With what holds it up."""
    monkeypatch.setattr("collector.submit.directly._STUCK_SECONDS", 0)
    monkeypatch.setattr("collector.store.writer.GIVE_UP_SECONDS", 0)
    with sink(settings) as send:
        send([a_run()])
        other = sqlite3.connect(settings.database, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(CollectorError, match="lock"):
            send([a_run()])
        other.close()
