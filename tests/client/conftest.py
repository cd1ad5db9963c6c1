"""A small real server that speaks the socket's protocol, and misbehaves as it is told to."""

from __future__ import annotations

import json
import socket
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from collector.client import Client, short

Answer = dict[str, Any]


class Peer:
    """Stores records by their id, in memory; those of the kind ``bad`` are rejected.

    ``faults`` says for each line that comes in what goes wrong: ``busy``; ``close`` before it is taken;
    ``lose`` the connection after it was stored; ``garbage`` for an answer; ``silent``, no answer;
    ``bye``, a good answer before it hangs up; ``long``, an answer of 5 MiB; or ``""``, nothing. After the
    last of them all goes well. A line with a record of a kind in ``poison`` makes it hang up each time.
    """

    def __init__(self, path: Path, faults: Iterable[str] = ()) -> None:
        self.path = path
        self.stored: dict[str, dict[str, Any]] = {}
        self.lines: list[bytes] = []
        self.connected = 0
        self.gone = threading.Semaphore(0)  # released for each connection that ended
        self.faults = deque(faults)
        self.poison: set[str] = set()
        self._changed = threading.Condition()
        self._sockets: list[socket.socket] = []
        self._listener: socket.socket | None = None

    def start(self) -> Peer:
        """Listen, in a thread."""
        self.path.unlink(missing_ok=True)
        self._listener = socket.socket(socket.AF_UNIX)
        with short(self.path) as address:
            self._listener.bind(address)
        self._listener.listen()
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()
        return self

    def stop(self) -> None:
        """Hang up on everybody; what was stored stays."""
        assert self._listener is not None
        for sock in (self._listener, *self._sockets):
            _hang_up(sock)
        self._sockets.clear()
        self.path.unlink(missing_ok=True)

    def wait_until(self, records: int = 0, lines: int = 0) -> bool:
        """Block until so many records are stored and so many lines came in; False after 10 s."""
        with self._changed:
            return self._changed.wait_for(
                lambda: len(self.stored) >= records and len(self.lines) >= lines, 10
            )

    def values(self, column: str) -> list[Any]:
        """A column of all that is stored, in the order of arrival."""
        return [record.get(column) for record in self.stored.values()]

    def only(self) -> dict[str, Any]:
        """The one record that was stored, without its id."""
        (record,) = self.stored.values()
        return {key: value for key, value in record.items() if key != "id"}

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                sock, _ = listener.accept()
            except OSError:
                return
            self._sockets.append(sock)
            self.connected += 1
            threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock: socket.socket) -> None:
        try:
            for line in sock.makefile("rb"):
                self._take(sock, line)
        except OSError:
            return
        finally:
            self.gone.release()

    def _take(self, sock: socket.socket, line: bytes) -> None:
        with self._changed:
            fault = self.faults.popleft() if self.faults else ""
            if self.poison & {record["kind"] for record in json.loads(line)}:
                fault = "close"
            answer = self._stored(json.loads(line)) if fault not in ("busy", "close") else {}
            self.lines.append(line)
            self._changed.notify_all()
        if fault in ("close", "lose"):
            _hang_up(sock)
        elif fault == "garbage":
            sock.sendall(b"\x00 no JSON\n")
        elif fault == "busy":
            sock.sendall(b'{"result": "busy", "retry_after_ms": 20}\n')
        elif fault == "long":
            sock.sendall(json.dumps({**answer, "more": "x" * (5 << 20)}).encode() + b"\n")
        elif fault != "silent":
            sock.sendall(json.dumps(answer).encode() + b"\n")
        if fault == "bye":
            _hang_up(sock)

    def _stored(self, records: list[dict[str, Any]]) -> Answer:
        rejected, committed, duplicate = [], 0, 0
        for position, record in enumerate(records):
            if record["kind"] == "bad":
                rejected.append({"position": position, "reason": "a bad one"})
            elif record["id"] in self.stored:
                duplicate += 1
            else:
                self.stored[record["id"]] = record
                committed += 1
        return {"result": "committed", "committed": committed, "duplicate": duplicate, "rejected": rejected}


def _hang_up(sock: socket.socket) -> None:
    with suppress(OSError):  # it is closed already
        sock.shutdown(socket.SHUT_RDWR)
    sock.close()


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Where a server may listen."""
    return tmp_path / "c.sock"


@pytest.fixture
def peer(place: Path) -> Iterator[Peer]:
    """A running server that behaves."""
    made = Peer(place).start()
    yield made
    made.stop()


@pytest.fixture
def client(place: Path) -> Iterator[Client]:
    """A client of it that gathers records only for a moment."""
    made = Client(place, linger_seconds=0.001)
    yield made
    made.close(0)


def settled(client: Client) -> dict[str, Any]:
    """The counters once everything is settled; they add up."""
    assert client.flush(10)
    told = client.counters()
    assert told["received"] == sum(
        told[name] for name in ("committed", "duplicate", "rejected", "dropped", "queued")
    )
    return told
