"""The way without a daemon: the same writer code, under the same lock."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from typing import Any

import msgspec

from collector import clock, log
from collector.errors import AlreadyRunning, CollectorError
from collector.intake import protocol
from collector.intake.protocol import Delivery
from collector.intake.statements import Statements
from collector.records.base import Arrival
from collector.settings import Settings
from collector.store import schema
from collector.store.buffer import Batch, Buffer, Outcome
from collector.store.database import open_writer, raw
from collector.store.lock import InstanceLock
from collector.store.writer import Writer
from collector.submit.way import Answer, Load, Moved

_STUCK_SECONDS = 2.0  # in which it gets over another program's lock on the file
_LOOK_SECONDS = 0.05


class Directly:
    """A writer of our own; holds the instance lock until it is closed. Raises Moved for a held one."""

    def __init__(self, settings: Settings) -> None:
        if not log.is_configured():  # never over the one of an application that uses our API
            log.configure("warning")  # what the writer has to say belongs on stderr
        self._path = settings.database
        self._lock = InstanceLock(self._path)
        try:
            self._lock.acquire("a collector command")
        except AlreadyRunning as error:
            raise Moved(error) from error
        try:
            self._database = open_writer(self._path, settings.collector.durability)
            schema.prepare(self._database, self._path)
            self._lock.mark()
        except BaseException:
            self._lock.release()
            raise
        self._buffer, self._statements = Buffer(), Statements()
        self._writer = Writer(raw(self._database), self._buffer)

    def deliver(self, items: list[Any]) -> Answer:
        """Write them now. Raises CollectorError when the database takes nothing."""
        # As a line, like the daemon: what is whole is checked in one call, not column by column.
        line = json.dumps(items, separators=(",", ":")).encode()
        said = protocol.parse(line, Arrival(clock.now().wall_ms, self._statements))
        assert isinstance(said, Delivery)  # a list asks nothing
        return protocol.told(self._written(said.records), said)

    def store(self, load: Load) -> Answer:
        """Write them now; they need no check."""
        return protocol.told(self._written(load.records()))

    def _written(self, records: Sequence[msgspec.Struct]) -> Outcome:
        """What became of them. Raises CollectorError when the database takes nothing."""
        if not records:
            return Outcome()
        outcomes = list[Outcome]()
        self._buffer.offer(time.monotonic(), Batch(records, 0, outcomes.append))
        deadline = time.monotonic() + _STUCK_SECONDS
        self._writer.step(clock.now())
        while not outcomes:
            if time.monotonic() > deadline:
                raise CollectorError(f"{self._path}: {self._writer.stuck}", hint="mend that and try again")
            time.sleep(_LOOK_SECONDS)
            self._writer.step(clock.now())
        return outcomes[0]

    def close(self) -> None:
        """Close the database, then let go of the lock."""
        try:
            self._writer.close(0)
            self._database.close()
        finally:
            self._lock.release()
