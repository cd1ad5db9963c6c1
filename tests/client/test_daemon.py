"""The client and the real buffer, writer and server, down to the rows in the file."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from collector.client import Client, Line
from collector.store.buffer import Limits
from tests.client.conftest import settled
from tests.intake.test_server import Daemon


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    """A running one."""
    made = Daemon(tmp_path)
    yield made
    made.stop()


def test_runs_are_stored(daemon: Daemon) -> None:
    """A block that was timed, and a record that was made."""
    with Client(daemon.socket, linger_seconds=0) as client:
        client.record("run", workload="made", wall_ms=12.5)
        with client.timed("run", "timed") as span:
            span.set(rows=3)
        assert settled(client)["committed"] == 2
    assert [name for name, _ in daemon.stored()] == ["made", "timed"]


def test_what_the_daemon_refuses_is_told_with_its_reason(daemon: Daemon) -> None:
    """And its neighbours are stored."""
    with Client(daemon.socket) as client:
        client.record("run", workload="good")
        client.record("run", workload="bad", wall_ms="long")
        client.record("nonsense")
        client.record("run", workload="twice", id="x")
        client.record("run", workload="twice", id="x")
        told = settled(client)
    assert (told["committed"], told["duplicate"], told["rejected"]) == (2, 1, 2)
    assert any("wall_ms" in reason for reason in told["reasons"])
    assert any("nonsense" in reason for reason in told["reasons"])
    assert [name for name, _ in daemon.stored()] == ["good", "twice"]


def test_a_line_without_records_has_an_answer(daemon: Daemon) -> None:
    """By which the client sees that a daemon works before it gives a line up."""
    with Line(daemon.socket) as line:
        told = line.ask([])
    assert (told["committed"], told["duplicate"], told["rejected"]) == (0, 0, [])


def test_many_threads_lose_nothing(daemon: Daemon) -> None:
    """Five thousand records from eight of them."""
    with Client(daemon.socket) as client:

        def work(thread: int) -> None:
            for number in range(625):
                client.record("run", workload=f"w{thread}", wall_ms=number)

        threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert settled(client)["committed"] == 5000
    assert len(set(daemon.stored())) == 5000


def test_a_daemon_that_is_started_again_gets_the_rest(tmp_path: Path) -> None:
    """What came while it was away, too."""
    with Client(tmp_path / "run" / "c.sock", linger_seconds=0) as client:
        for number in range(3):
            client.record("run", workload=f"before {number}")
            daemon = Daemon(tmp_path)
            client.record("run", workload=f"during {number}")
            settled(client)
            daemon.stop()
        assert client.counters()["committed"] == 6
    assert len({name for name, _ in daemon.stored()}) == 6


def test_a_daemon_with_little_room_gets_it_bit_by_bit(tmp_path: Path) -> None:
    """Busy lines come again until all is stored."""
    daemon = Daemon(tmp_path, Limits(records=20))
    with Client(daemon.socket, batch=10) as client:
        for number in range(100):
            client.record("run", workload="w", wall_ms=number)
        told = settled(client)
    daemon.stop()
    assert (told["committed"], told["duplicate"]) == (100, 0)
    assert [wall_ms for _, wall_ms in sorted(daemon.stored())] == [float(n) for n in range(100)]
