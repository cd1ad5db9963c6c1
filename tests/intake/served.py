"""A real socket in front of a real file, and what tests ask of both."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from collector.client import Line, short
from collector.intake.server import Server
from collector.intake.statements import Statements
from collector.orm import select
from collector.records.base import KINDS, pushed_kinds
from collector.store import schema
from collector.store.buffer import Buffer, Counts, Limits
from collector.store.database import open_reader, open_writer, raw
from collector.store.writer import Writer

Answer = dict[str, Any]
PATIENCE_SECONDS = 30.0


class Served:
    """Buffer, writer and server on a file of their own."""

    def __init__(self, folder: Path, limits: Limits | None = None) -> None:
        self.database = folder / "c.db"
        self.socket = folder / "run" / "c.sock"
        connection = open_writer(self.database, "normal")
        schema.prepare(connection, self.database)
        self.buffer = Buffer(limits)
        self.statements = Statements()
        self.writer = Writer(raw(connection), self.buffer)
        asks = {"status": lambda _: {"recording": True}}
        self.server = Server(self.socket, self.buffer, asks, statements=self.statements)
        self.server.start()
        self.writer.start()

    def stop(self) -> None:
        """End it in order."""
        self.server.close()
        assert self.writer.close(10)

    def counts(self) -> Counts:
        """The five counters."""
        return self.buffer.counts()

    def ask(self, message: Any) -> Answer:
        """One line on a connection of its own, and its answer."""
        with Line(self.socket, timeout=PATIENCE_SECONDS) as line:
            return line.ask(message)

    def exchange(self, sent: bytes) -> list[Answer]:
        """Send these bytes as they are, and nothing after them; every answer."""
        with self.connected() as sock:
            sock.sendall(sent)
            sock.shutdown(socket.SHUT_WR)
            return [json.loads(line) for line in sock.makefile("rb")]

    @contextmanager
    def connected(self) -> Iterator[socket.socket]:
        """A bare connection."""
        with socket.socket(socket.AF_UNIX) as sock, short(self.socket) as address:
            sock.settimeout(PATIENCE_SECONDS)
            sock.connect(address)
            yield sock

    def rows(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """What an answer to ``sql`` holds."""
        database = open_reader(self.database)
        try:
            return [tuple(row) for row in select(database, sql, *values)]
        finally:
            database.close()

    def stored(self, kind: str) -> int:
        """How many rows there are of a kind."""
        return int(self.rows(f"SELECT count(*) FROM {KINDS[kind].table}")[0][0])

    def all_stored(self) -> int:
        """How many records that came from outside there are."""
        return sum(self.stored(kind) for kind in pushed_kinds())


def taken(answers: list[Answer]) -> tuple[int, int, int]:
    """What answers say was committed, was there already, and was rejected, over all of them."""
    return (
        sum(answer["committed"] for answer in answers),
        sum(answer["duplicate"] for answer in answers),
        sum(len(answer["rejected"]) for answer in answers),
    )


class Watch:
    """What came in since it was made: the counters and the tables, against what answers say."""

    def __init__(self, served: Served) -> None:
        self._served = served
        self._before, self._stored = served.counts(), served.all_stored()

    def agrees_with(self, answers: list[Answer]) -> None:
        """Fail where they differ, and where the five counters do not add up."""
        now, before = self._served.counts(), self._before
        committed, duplicate, rejected = taken(answers)
        assert self._served.all_stored() - self._stored == committed
        assert now.committed - before.committed == committed
        assert now.duplicate - before.duplicate == duplicate
        assert now.rejected - before.rejected == rejected
        assert now.received == now.committed + now.duplicate + now.rejected + now.dropped + now.queued
