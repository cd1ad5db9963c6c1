"""When all places are taken by clients that wait, whoever only asks is answered all the same."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from collector.intake import places
from collector.intake.check import checked
from collector.intake.listener import listen
from collector.intake.places import MOST_CONNECTIONS, SPARE_PLACES
from collector.intake.server import Server
from collector.records.base import Arrival
from collector.store.buffer import Batch, Buffer, Limits, Outcome
from tests.intake.made import MOMENT, complete, text_of
from tests.intake.served import Answer

STATUS = b'{"ask": "status"}\n'
RECORD = text_of(complete("skill")) + b"\n"
FULL = ("busy", "too many connections")
MOST_TURNS = 1_000
PATIENCE_SECONDS = 0.05  # for what comes of one turn


class Crowded:
    """A server whose turns the test does itself, with a full buffer; and clients wait on all its places."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._stack = stack
        folder.chmod(0o700)
        self.buffer = Buffer(Limits(records=4))
        asks = {"status": lambda _: {"recording": True}}
        tasks = {"change": lambda _, reply: reply({"changed": []})}
        self.server = Server(folder / "c.sock", self.buffer, asks, tasks)
        self.server._places.listen(listen(folder / "c.sock", 2 * MOST_CONNECTIONS))
        stack.callback(self.server.close)
        record = checked(complete("skill"), Arrival(MOMENT))
        assert self.buffer.offer(0.0, Batch((record,) * 3, 100))
        self.senders = [self.client(RECORD) for _ in range(MOST_CONNECTIONS)]
        self.turn_until(MOST_CONNECTIONS)

    def client(self, sent: bytes = b"") -> socket.socket:
        """One more, who says this and hangs up if it is a record: nobody would send it again."""
        sock = self._stack.enter_context(socket.socket(socket.AF_UNIX))
        sock.settimeout(PATIENCE_SECONDS)
        sock.connect(str(self.server.path))
        sock.sendall(sent)
        if sent == RECORD:
            sock.shutdown(socket.SHUT_WR)
        return sock

    def commit(self) -> None:
        """As the writer does with what the buffer holds."""
        for batch in self.buffer.take().batches:
            if batch.done is not None:
                batch.done(Outcome(committed=len(batch.records)))
        self.buffer.settle([])

    def turn_until(self, held: int) -> None:
        """Let in and read, until so many wait for room."""
        for _ in range(MOST_TURNS):
            self.server.step(PATIENCE_SECONDS)
            if len(self.server._waiting._held) == held:
                return
        pytest.fail(f"{len(self.server._waiting._held)} wait, not {held}")

    def answer(self, sock: socket.socket) -> Answer:
        """What this client is told, in one of the next turns."""
        for _ in range(MOST_TURNS):
            self.server.step(0)
            try:
                told = sock.recv(1 << 16)
            except TimeoutError:
                continue
            answer: Answer = json.loads(told.splitlines()[0])
            return answer
        return {}


@pytest.fixture
def crowded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Crowded]:
    """With all the time of the world for who asks."""
    monkeypatch.setattr(places, "SPARE_SECONDS", 1_000.0)
    monkeypatch.setattr(places, "ACCEPT_REST_SECONDS", 0.0)
    with ExitStack() as stack:
        yield Crowded(tmp_path, stack)


def test_a_question_is_answered_when_all_places_are_taken_by_those_who_wait(crowded: Crowded) -> None:
    """As on a full disk, where senders wait and come again: status has to say so."""
    asking = crowded.client(STATUS)
    assert crowded.answer(asking) == {"recording": True}
    asking.sendall(STATUS)
    assert crowded.answer(asking) == {"recording": True}


@pytest.mark.parametrize("line", [RECORD, b'{"ask": "change", "steps": []}\n', b"oops\n"])
def test_whoever_wants_more_than_an_answer_is_told_that_there_is_no_place(
    crowded: Crowded, line: bytes
) -> None:
    """Else the spare places would soon be taken by those who wait, too."""
    sender = crowded.client(line)
    answer = crowded.answer(sender)
    assert (answer["result"], answer["reason"]) == FULL
    assert sender.recv(1) == b""
    assert len(crowded.server._places.connections) == MOST_CONNECTIONS
    assert crowded.buffer.counts().received == 3


def test_who_asks_nothing_keeps_no_spare_place(crowded: Crowded, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is told that there is none, without having sent anything."""
    silent = crowded.client()
    crowded.server.step(1.0)
    assert len(crowded.server._places.connections) == MOST_CONNECTIONS + 1
    monkeypatch.setattr(places, "SPARE_SECONDS", -1.0)
    answer = crowded.answer(silent)
    assert (answer["result"], answer["reason"]) == FULL
    assert len(crowded.server._places.connections) == MOST_CONNECTIONS


def test_after_the_spare_places_nobody_is_let_in(crowded: Crowded) -> None:
    """What is open at a time is bounded."""
    silent = [crowded.client() for _ in range(SPARE_PLACES + 1)]
    answer = crowded.answer(silent[-1])
    assert (answer["result"], answer["reason"]) == FULL
    assert len(crowded.server._places.connections) == MOST_CONNECTIONS + SPARE_PLACES


def test_who_asked_on_a_spare_place_gets_a_whole_one_when_there_is_one(crowded: Crowded) -> None:
    """Then its records are taken."""
    asking = crowded.client(STATUS)
    assert crowded.answer(asking) == {"recording": True}
    for _ in range(MOST_CONNECTIONS):
        crowded.commit()
        crowded.server.step(0)
    assert not crowded.server._waiting
    asking.sendall(b'{"ask": "change", "steps": []}\n')
    assert crowded.answer(asking) == {"changed": []}
