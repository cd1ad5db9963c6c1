"""Clients that do not wait for answers: each sends on, as fast as it is told to, and another thread reads."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter, deque
from pathlib import Path
from types import TracebackType
from typing import Any

from collector.client.line import Line, Unreachable
from tests.faults.clients import as_json, made
from tests.faults.ledger import Ledger, Told

WAIT_SECONDS = 90.0


class Eager(threading.Thread):
    """One connection. What is answered `busy` it does not send again: none of it may be stored then.

    Every ``every_s`` there is another batch of ``size`` records to send, which waits here until the socket
    takes it. With ``most`` it ends after so many.
    """

    def __init__(
        self, path: Path, ledger: Ledger, source: str, size: int, every_s: float, most: int | None
    ) -> None:
        super().__init__(name=source, daemon=True)
        self._path, self._ledger, self._source, self._size = path, ledger, source, size
        self._every_s, self._most = every_s, most
        self._changed = threading.Condition()
        self._due: deque[Told] = deque()
        self._ended = False
        self.stopping = threading.Event()
        self.answers: Counter[str] = Counter()
        self.sent = 0  # batches
        self.broken: Exception | None = None

    def run(self) -> None:
        try:
            with Line(self._path, WAIT_SECONDS) as line:
                reader = threading.Thread(target=self._read, args=(line,), daemon=True)
                reader.start()
                self._write(line)
                self._end()
                reader.join()
        except Unreachable as error:
            self.broken = error
            self._end()

    def _write(self, line: Line) -> None:
        due = time.monotonic()
        while self.sent != self._most and not self.stopping.wait(max(0.0, due - time.monotonic())):
            due += self._every_s
            self.sent += 1
            batch = self._ledger.sent(made(self._source, self.sent, self._size))
            self._ledger.attempted(batch)
            with self._changed:
                self._due.append(batch)
                self._changed.notify()
            line.send(json.dumps([as_json(record) for record in batch.records]).encode() + b"\n")

    def _end(self) -> None:
        with self._changed:
            self._ended = True
            self._changed.notify()

    def _read(self, line: Line) -> None:
        try:
            while batch := self._next_due():
                answer: dict[str, Any] = line.receive()
                self._ledger.answered(batch, answer)
                self.answers[answer["result"]] += 1
        except (Unreachable, ValueError) as error:
            self.broken = error

    def _next_due(self) -> Told | None:
        with self._changed:
            self._changed.wait_for(lambda: self._due or self._ended)
            return self._due.popleft() if self._due else None


class Crowd:
    """So many of them in a ``with``; at its end all answers that are due have come.

    Together they have ``records_per_s`` to send, or as much as goes.
    """

    def __init__(
        self, path: Path, ledger: Ledger, name: str, clients: int, size: int,
        *, records_per_s: float | None = None, most: int | None = None,
    ) -> None:  # fmt: skip
        every_s = clients * size / records_per_s if records_per_s else 0.0
        self._clients = [Eager(path, ledger, f"{name}{n}", size, every_s, most) for n in range(clients)]
        self._most = most
        self.answers: Counter[str] = Counter()

    def __enter__(self) -> Crowd:
        for client in self._clients:
            client.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._most is None or error:
            self.stop()
        for client in self._clients:
            client.join(WAIT_SECONDS)
            if client.is_alive():
                raise TimeoutError(f"{client.name} still waits for an answer")
            if client.broken and not error:
                raise client.broken
            self.answers += client.answers

    def stop(self) -> None:
        """Send nothing new from now on; the answers that are due still come."""
        for client in self._clients:
            client.stopping.set()
