"""Slow and hostile clients: whatever they do, another is answered meanwhile."""

from __future__ import annotations

import json
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial

import pytest

from collector.client import Line
from collector.intake.connection import MOST_PENDING
from collector.intake.server import MOST_CONNECTIONS
from tests.intake.made import complete, text_of
from tests.intake.served import Served, Watch

pytestmark = pytest.mark.long

STATUS = {"ask": "status"}


@contextmanager
def busily(act: Callable[[], object]) -> Iterator[None]:
    """Somebody does this again and again meanwhile, and did it once before."""
    stop, began = threading.Event(), threading.Event()

    def go_on() -> None:
        while not stop.is_set():
            with suppress(OSError):  # it may be turned away, or let go
                act()
            began.set()

    thread = threading.Thread(target=go_on, daemon=True)
    thread.start()
    assert began.wait(30)
    try:
        yield
    finally:
        stop.set()
        thread.join(30)
    assert not thread.is_alive()


def test_bytes_that_come_one_at_a_time_make_a_line(served: Served) -> None:
    """Between any two of them another client is answered."""
    with served.connected() as slow, Line(served.socket) as other:
        for byte in text_of(complete("skill")):
            slow.sendall(bytes([byte]))
            if byte in b'{",':
                assert other.ask(STATUS) == {"recording": True}
        slow.sendall(b"\n")
        assert json.loads(slow.makefile("rb").readline())["committed"] == 1


def test_answers_that_nobody_takes_are_bounded(served: Served) -> None:
    """Short lines with long answers: no more of them are read than the client takes answers of."""
    bad = b'{"kind":"benchmark","performance":{},"autonomy":{},"quality":{},"workflow":{}}'
    line = b"[" + b",".join([bad] * 1000) + b"]\n"
    with served.connected() as greedy:
        greedy.settimeout(1)
        with pytest.raises(TimeoutError):
            greedy.sendall(line * 100)
        (connection,) = served.server._places.connections
        waiting = sum(len(slot.answer or b"") for slot in list(connection.pending))
        assert len(connection.to_send) + waiting < 16 << 20
        assert served.ask(STATUS) == {"recording": True}


@pytest.mark.parametrize("line", [b"oops", b'{"ask": "status"}', b"[]", b'{"kind": "skill"}'])
def test_more_lines_at_once_than_may_be_unanswered_are_all_answered(served: Served, line: bytes) -> None:
    """Nothing that the client could still do would bring the rest about."""
    lines = MOST_PENDING * 5
    assert len(served.exchange((line + b"\n") * lines)) == lines


def test_what_was_held_back_is_answered_when_the_answers_before_are_taken(served: Served) -> None:
    """No line is forgotten: all of them were sent before the first answer was read."""
    bad = b'{"kind":"benchmark","performance":{},"autonomy":{},"quality":{},"workflow":{}}'
    line = b"[" + b",".join([bad] * 300) + b"]\n"
    with served.connected() as client:
        client.sendall(line * 9 + text_of(complete("skill")) + b"\n")
        answers = client.makefile("rb")
        told = [json.loads(answers.readline()) for _ in range(10)]
    assert [len(answer["rejected"]) for answer in told] == [300] * 9 + [0]
    assert told[-1]["committed"] == 1


@pytest.mark.parametrize(
    "line",
    [
        b"oops\n" * 200,
        b'["' + b'\\"' * 400_000 + b"]\n",
        b"[" + b"1," * 400_000 + b"1]\n",
        b'{"kind":"run",' + b",".join(b'"k%d":1' % n for n in range(80_000)) + b"}\n",
        b'{"kind":"operation","metadata":' + b'{"a":' * 700 + b"1" + b"}" * 700 + b"}\n",
        b"x" * (3 << 20) + b"\n",
        b"\n" * 100_000,
    ],
    ids=["no JSON", "quotes", "commas", "unknown columns", "deep", "overlong", "blank"],
)
def test_a_flood_of_malformed_lines_keeps_nobody_out(served: Served, line: bytes) -> None:
    """Those that are good are stored while it goes on, and every line is counted."""

    def flood() -> None:
        with served.connected() as sock:
            sock.sendall(line)
            sock.shutdown(socket.SHUT_WR)
            while sock.recv(1 << 16):
                pass

    with busily(flood), Line(served.socket, timeout=30) as other:
        for _ in range(20):
            assert other.ask(complete("skill"))["committed"] == 1
    counts = served.counts()
    assert (served.stored("skill"), counts.committed) == (20, 20)
    assert counts.received == 20 + counts.rejected


def test_silent_connections_give_way(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """All places are taken by those who sent nothing, or half a line."""
    monkeypatch.setattr("collector.intake.places.IDLE_SECONDS", -1.0)
    with ExitStack() as stack:
        for n in range(MOST_CONNECTIONS):
            silent = stack.enter_context(served.connected())
            silent.sendall(b'{"kind": ' * (n % 2))
        for _ in range(5):
            assert served.ask(complete("skill"))["committed"] == 1


def test_many_clients_at_once_are_all_answered(served: Served) -> None:
    """Each its own answers, in its own order."""
    told: dict[int, list[tuple[str, int]]] = {}

    def send(number: int) -> None:
        with Line(served.socket, timeout=30) as line:
            records = [[complete("skill") for _ in range(n + 1)] for n in range(10)]
            answers = [line.ask(some) for some in [*records, records[0]]]
            told[number] = [(a["result"], a["committed"] + a["duplicate"]) for a in answers]

    threads = [threading.Thread(target=send, args=(n,)) for n in range(MOST_CONNECTIONS - 4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    want = [*(("committed", n + 1) for n in range(10)), ("duplicate", 1)]
    assert [told.get(n) for n in range(len(threads))] == [want] * len(threads)
    assert served.stored("skill") == 55 * len(threads)


def reset(served: Served, sent: bytes) -> None:
    """Send this and hang up at once, without waiting or reading."""
    with served.connected() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        sock.sendall(sent)


def test_who_hangs_up_in_the_middle_hurts_nobody(served: Served) -> None:
    """A line that was whole when it came may be stored or not; the others go on."""
    whole = text_of(complete("skill")) + b"\n"
    with Line(served.socket, timeout=30) as other:
        for sent in (b"", b"{", whole, whole[:20], b"[" + whole[:-1] + b",", b'{"ask":"status"}\n' * 50):
            with busily(partial(reset, served, sent)):
                for _ in range(20):
                    assert other.ask(STATUS) == {"recording": True}
        assert other.ask(complete("skill"))["committed"] == 1
    assert served.stored("skill") in (1, 2)


def test_two_clients_that_send_the_same_are_told_so(served: Served) -> None:
    """One of them is `duplicate`, whoever it is."""
    record = complete("skill")
    watch = Watch(served)
    with Line(served.socket) as one, Line(served.socket) as other:
        answers = [one.ask(record), other.ask(record)]
    assert sorted(answer["result"] for answer in answers) == ["committed", "duplicate"]
    watch.agrees_with(answers)
