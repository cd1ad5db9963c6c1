"""What a daemon is to a script: the lock with the socket's name in it, server, buffer and writer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from collector.intake.changes import Changes
from collector.intake.server import Server
from collector.intake.statements import Statements
from collector.store import schema
from collector.store.buffer import Buffer, Counts
from collector.store.database import open_writer, raw
from collector.store.lock import InstanceLock
from collector.store.writer import Writer


class Running:
    """One on the database ``path``."""

    def __init__(self, path: Path) -> None:
        socket = path.parent / "run" / "c.sock"
        self._lock = InstanceLock(path)
        self._lock.acquire("collector run", socket)
        self._database = open_writer(path)
        schema.prepare(self._database, path)
        self.buffer, statements = Buffer(), Statements()
        self.writer = Writer(raw(self._database), self.buffer)
        tasks = {"change": Changes(self.writer, self.buffer, statements)}
        self.server = Server(socket, self.buffer, {"status": lambda _: {}}, tasks, statements)
        self.writer.start()
        self.server.start()
        self._runs = True

    @property
    def counts(self) -> Counts:
        """Its counters."""
        return self.buffer.counts()

    def stop(self) -> None:
        """As the daemon does; stopping twice is fine."""
        if self._runs:
            self._runs = False
            self.server.close()
            assert self.writer.close(5)
            self._database.close()
            self._lock.release()


def adds_up(counts: Counts) -> bool:
    """Promise 3."""
    kept: Any = (counts.committed, counts.duplicate, counts.rejected, counts.dropped, counts.queued)
    return counts.received == sum(kept)
