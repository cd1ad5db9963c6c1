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


class Eager(threading.Thread):
    """One connection. What is answered `busy` it does not send again: none of it may be stored then.

    ``batches_per_s`` is what it would send if the socket took it, None as fast as it does.
    """

    def __init__(
        self, path: Path, ledger: Ledger, source: str, size: int, batches_per_s: float | None
    ) -> None:
        super().__init__(name=source, daemon=True)
        self._path, self._ledger, self._source, self._size = path, ledger, source, size
        self._every_s = 1 / batches_per_s if batches_per_s else 0.0
        self._changed = threading.Condition()
        self._due: deque[Told] = deque()
        self._ended = False
        self.stopping = threading.Event()
        self.answers: Counter[str] = Counter()
        self.sent = 0  # batches
        self.broken: Exception | None = None

    def run(self) -> None:
        try:
            with Line(self._path, 60) as line:
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
        while not self.stopping.wait(max(0.0, due - time.monotonic())):
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
    """So many of them in a ``with``; all answers that are due have come at its end."""

    def __init__(
        self, path: Path, ledger: Ledger, name: str, clients: int, size: int, batches_per_s: float | None
    ) -> None:
        each = batches_per_s / clients if batches_per_s else None
        self.clients = [Eager(path, ledger, f"{name}{n}", size, each) for n in range(clients)]
        self.answers: Counter[str] = Counter()

    def __enter__(self) -> Crowd:
        for client in self.clients:
            client.start()
        return self

    def stop(self) -> None:
        """Send nothing new from now on; the answers that are due still come."""
        for client in self.clients:
            client.stopping.set()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        for client in self.clients:
            client.join(90)
            if client.is_alive():
                raise TimeoutError(f"{client.name} still waits for an answer")
            if client.broken and not error:
                raise client.broken
            self.answers += client.answers
