"""The socket: records in, answers after the commit, and nobody slows another."""

from __future__ import annotations

import json
import socket
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from collector.client import Line, Unreachable, short
from collector.errors import CollectorError
from collector.intake.connection import MOST_SKIPPED
from collector.intake.server import MOST_CONNECTIONS, Server
from collector.orm import select
from collector.store import schema
from collector.store.buffer import Buffer, Limits
from collector.store.database import open_reader, open_writer, raw
from collector.store.writer import Writer


class Daemon:
    """Buffer, writer and server on a file of their own."""

    def __init__(self, folder: Path, limits: Limits | None = None) -> None:
        self.database = folder / "c.db"
        self.socket = folder / "run" / "c.sock"
        connection = open_writer(self.database)
        schema.prepare(connection, self.database)
        self.buffer = Buffer(limits)
        self.writer = Writer(raw(connection), self.buffer)
        self.server = Server(self.socket, self.buffer, {"status": lambda _: {"recording": True}})
        self.server.start()
        self.writer.start()

    def stop(self) -> None:
        self.server.close()
        assert self.writer.close(5)

    def stored(self) -> list[Any]:
        return select(open_reader(self.database), "SELECT workload, wall_ms FROM workload_runs ORDER BY id")


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    """A running one."""
    made = Daemon(tmp_path)
    yield made
    made.stop()


def a_run(name: str = "tests", **columns: Any) -> dict[str, Any]:
    """A record as an application sends it."""
    return {"kind": "run", "workload": name, "timestamp": 1_800_000_000_000, "wall_ms": 12.5, **columns}


def test_a_record_is_answered_after_its_commit(daemon: Daemon) -> None:
    """Whoever reads `committed` finds it in the file."""
    with Line(daemon.socket) as line:
        answer = line.ask(a_run())
    assert answer == {"result": "committed", "committed": 1, "duplicate": 0, "rejected": []}
    assert daemon.stored() == [("tests", 12.5)]


def test_an_array_is_one_batch_with_one_answer(daemon: Daemon) -> None:
    """Up to a thousand records a line."""
    with Line(daemon.socket) as line:
        answer = line.ask([a_run(f"w{n}") for n in range(1000)])
    assert (answer["committed"], len(daemon.stored())) == (1000, 1000)


def test_a_record_sent_twice_is_stored_once(daemon: Daemon) -> None:
    """A client that does not know whether its record arrived may send it again."""
    with Line(daemon.socket) as line:
        first, second = line.ask(a_run(id="a1")), line.ask(a_run(id="a1"))
    assert (first["result"], second["result"], second["duplicate"]) == ("committed", "duplicate", 1)
    assert len(daemon.stored()) == 1


def test_a_bad_record_is_refused_alone_with_its_position(daemon: Daemon) -> None:
    """Its neighbours are committed."""
    with Line(daemon.socket) as line:
        answer = line.ask([a_run("a"), a_run("b", wall_ms="long"), a_run("c", typo=1), a_run("d")])
    assert answer["committed"] == 2
    assert [refused["position"] for refused in answer["rejected"]] == [1, 2]
    assert "wall_ms" in answer["rejected"][0]["reason"]
    assert "typo" in answer["rejected"][1]["reason"]
    assert [name for name, _ in daemon.stored()] == ["a", "d"]


@pytest.mark.parametrize(
    "line",
    [
        b"not json",
        b"[",
        b"42",
        b'{"kind": "nonsense"}',
        b'{"workload": "no kind"}',
        b'{"kind": "cpu", "timestamp": 1}',
        b"[" * 100_000,
        b'{"kind": "run", "workload": "\\ud800", "timestamp": 1}',
        b'{"kind": "run", "workload": "\xff", "timestamp": 1}',
        b'{"kind": "run", "workload": "x", "timestamp": 1, "wall_ms": 1e999}',
        b'{"kind": "run", "workload": "x", "timestamp": 9223372036854775808}',
        b'{"ask": "secrets"}',
    ],
)
def test_nonsense_is_refused_and_the_connection_goes_on(daemon: Daemon, line: bytes) -> None:
    """A reason comes back, and the next record is taken."""
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(5)
        sock.connect(str(daemon.socket))
        sock.sendall(line + b"\n" + json.dumps(a_run()).encode() + b"\n")
        answers = sock.makefile("rb")
        refused, taken = json.loads(answers.readline()), json.loads(answers.readline())
    assert (refused["result"], taken["result"]) == ("rejected", "committed")
    assert refused.get("rejected") or refused["reason"]


def test_answers_come_in_the_order_of_the_lines(daemon: Daemon) -> None:
    """Also when a later line could be answered at once."""
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(5)
        sock.connect(str(daemon.socket))
        sock.sendall(json.dumps(a_run()).encode() + b'\n{"ask": "status"}\nnonsense\n')
        answers = sock.makefile("rb")
        told = [json.loads(answers.readline()) for _ in range(3)]
    assert [t.get("result", "status") for t in told] == ["committed", "status", "rejected"]


def test_a_client_that_sends_half_a_line_and_stays_slows_nobody(daemon: Daemon) -> None:
    """The others are answered while it dawdles."""
    with socket.socket(socket.AF_UNIX) as slow, Line(daemon.socket) as line:
        slow.connect(str(daemon.socket))
        slow.sendall(b'{"kind": "run", ')
        assert line.ask(a_run())["result"] == "committed"


def test_a_client_that_never_reads_its_answers_slows_nobody(daemon: Daemon) -> None:
    """We stop reading from it; what it may hold is bounded."""
    with socket.socket(socket.AF_UNIX) as greedy, Line(daemon.socket) as line:
        greedy.connect(str(daemon.socket))
        greedy.settimeout(0.5)
        try:
            for _ in range(10_000):
                greedy.sendall(b'{"ask": "status"}\n' * 100)
        except TimeoutError:
            pass
        assert line.ask(a_run())["result"] == "committed"


def test_a_line_over_the_limit_is_refused_and_the_connection_goes_on(daemon: Daemon) -> None:
    """It is thrown away as it comes, so that nothing grows without bound."""
    long = json.dumps(a_run(output="x" * (10 << 20))).encode()
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(5)
        sock.connect(str(daemon.socket))
        sock.sendall(long + b"\n" + json.dumps(a_run()).encode() + b"\n")
        answers = sock.makefile("rb")
        refused, taken = json.loads(answers.readline()), json.loads(answers.readline())
    assert (refused["result"], taken["result"]) == ("rejected", "committed")
    assert "longer than 1,048,576 bytes" in refused["rejected"][0]["reason"]
    assert daemon.buffer.counts().rejected == 1


def test_a_line_that_never_ends_ends_the_connection(daemon: Daemon) -> None:
    """After 64 MiB of it nobody waits for its end any more."""
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(10)
        sock.connect(str(daemon.socket))
        with pytest.raises(OSError, match=r"Broken pipe|reset"):
            sock.sendall(b"x" * (MOST_SKIPPED + (8 << 20)))


def test_more_connections_than_allowed_are_turned_away_with_busy(daemon: Daemon) -> None:
    """While all that are there are at work; those go on."""
    lines = [Line(daemon.socket).__enter__() for _ in range(MOST_CONNECTIONS)]
    assert lines[0].ask({"ask": "status"}) == {"recording": True}
    with socket.socket(socket.AF_UNIX) as one_more:
        one_more.settimeout(5)
        one_more.connect(str(daemon.socket))
        assert json.loads(one_more.makefile("rb").readline())["result"] == "busy"
    for line in lines:
        assert line.ask({"ask": "status"}) == {"recording": True}
        line.__exit__(None, None, None)


def test_a_silent_client_gives_way_to_a_newcomer(daemon: Daemon, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that no number of idle clients can keep `status` out."""
    monkeypatch.setattr("collector.intake.places.IDLE_SECONDS", -1.0)
    lines = [Line(daemon.socket).__enter__() for _ in range(MOST_CONNECTIONS)]
    for line in lines[1:]:
        line.ask({"ask": "status"})
    with Line(daemon.socket) as newcomer:
        assert newcomer.ask({"ask": "status"}) == {"recording": True}
        assert lines[-1].ask({"ask": "status"}) == {"recording": True}
        with pytest.raises(Unreachable):
            lines[0].ask({"ask": "status"})  # silent for the longest time
    for line in lines:
        line.__exit__(None, None, None)


def test_what_is_sent_without_waiting_for_an_answer_is_stored(daemon: Daemon) -> None:
    """Fire and forget: the client is gone before its lines are read, the last of them without an end."""
    with socket.socket(socket.AF_UNIX) as sock:
        sock.connect(str(daemon.socket))
        lines = b"\n".join(json.dumps(a_run(f"w{n}")).encode() for n in range(300))
        sock.sendall(lines)
    with Line(daemon.socket) as line:
        while line.ask({"ask": "status"}) and len(daemon.stored()) < 300:
            pass
    assert [name for name, _ in daemon.stored()] == [f"w{n}" for n in range(300)]


def test_a_client_may_ask_for_no_answers(daemon: Daemon) -> None:
    """Then it never has to read."""
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(5)
        sock.connect(str(daemon.socket))
        sock.sendall(b'{"ask": "quiet"}\n' + json.dumps(a_run()).encode() + b"\nnonsense\n")
        sock.shutdown(socket.SHUT_WR)
        assert sock.recv(100) == b""
    assert len(daemon.stored()) == 1


def test_what_nobody_will_send_again_is_counted_when_there_is_no_room(tmp_path: Path) -> None:
    """A client without answers cannot be told `busy`."""
    daemon = Daemon(tmp_path, Limits(records=4))
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(5)
        sock.connect(str(daemon.socket))
        sock.sendall(b'{"ask": "quiet"}\n' + json.dumps([a_run() for _ in range(4)]).encode())
        sock.shutdown(socket.SHUT_WR)
        assert sock.recv(100) == b""
    daemon.stop()
    assert daemon.buffer.counts().reasons == {"busy": 4}


def test_a_full_buffer_answers_busy_with_when_to_try_again(tmp_path: Path) -> None:
    """The record is not taken, so nothing is lost in silence."""
    daemon = Daemon(tmp_path, Limits(records=4))
    with Line(daemon.socket) as line:
        answer = line.ask([a_run() for _ in range(4)])
    assert (answer["result"], answer["retry_after_ms"] > 0) == ("busy", True)
    daemon.stop()
    assert daemon.buffer.counts().received == 0


def test_the_counters_add_up(daemon: Daemon) -> None:
    """received = committed + duplicate + rejected + dropped + queued."""
    with Line(daemon.socket) as line:
        line.ask([a_run(id="x"), a_run(id="x"), {"kind": "run"}, 7])
    counts = daemon.buffer.counts()
    assert (counts.received, counts.committed, counts.duplicate, counts.rejected) == (4, 1, 1, 2)


def test_only_this_user_can_reach_the_socket(daemon: Daemon) -> None:
    """0600 in a folder of 0700."""
    assert stat.S_IMODE(daemon.socket.stat().st_mode) == 0o600
    assert stat.S_IMODE(daemon.socket.parent.stat().st_mode) == 0o700


def test_a_folder_that_others_can_enter_is_refused(tmp_path: Path) -> None:
    """With what to do about it."""
    folder = tmp_path / "open"
    folder.mkdir()
    folder.chmod(0o755)
    with pytest.raises(CollectorError, match="others can enter") as error:
        Server(folder / "c.sock", Buffer(), {}).start()
    assert "chmod 700" in error.value.hint


def test_a_socket_left_by_a_dead_daemon_is_replaced(tmp_path: Path) -> None:
    """A daemon that was killed left its file."""
    first = Daemon(tmp_path)
    stale = first.socket.with_suffix(".old")
    first.socket.rename(stale)
    first.stop()
    stale.rename(first.socket)
    second = Server(first.socket, Buffer(), {"status": lambda _: {"second": True}})
    second.start()
    with Line(first.socket) as line:
        assert line.ask({"ask": "status"}) == {"second": True}
    second.close()
    second.close()
    assert not first.socket.exists()


def test_a_path_longer_than_a_socket_address_works(tmp_path: Path) -> None:
    """A unix socket address holds 107 bytes; home folders can be deeper."""
    deep = tmp_path / ("d" * 60) / ("e" * 60)
    server = Server(deep / "c.sock", Buffer(), {"status": lambda _: {"deep": True}})
    server.start()
    with Line(deep / "c.sock") as line:
        assert line.ask({"ask": "status"}) == {"deep": True}
    with short(deep / "c.sock") as address:
        assert len(address) <= 107
    server.close()


def test_nobody_listening_is_told(tmp_path: Path) -> None:
    """With the path, not as a traceback."""
    with pytest.raises(Unreachable, match=r"none\.sock"), Line(tmp_path / "none.sock"):
        pass


def test_what_finds_no_room_waits_for_it_when_nobody_would_send_it_again(tmp_path: Path) -> None:
    """Fire and forget: twelve clients write more than the queue holds and are gone; all of it is stored."""
    daemon = Daemon(tmp_path, Limits(records=400))
    line = json.dumps([a_run() for _ in range(100)]).encode() + b"\n"
    for _ in range(12):
        with socket.socket(socket.AF_UNIX) as sock:
            sock.connect(str(daemon.socket))
            sock.sendall(line * 10)
    while daemon.buffer.counts().committed < 12_000:
        with Line(daemon.socket) as asking:
            asking.ask({"ask": "status"})
    daemon.stop()
    counts = daemon.buffer.counts()
    assert (counts.received, counts.committed, counts.reasons) == (12_000, 12_000, {})
