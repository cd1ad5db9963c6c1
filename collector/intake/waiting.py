"""Deliveries for which there was no room yet: they wait for it, or their clients are told `busy`."""

from __future__ import annotations

import time
from collections.abc import Callable

from collector.errors import CollectorError
from collector.intake.connection import Connection, Held
from collector.intake.deliveries import Delivery, withdraw_texts
from collector.intake.spoken import as_line, busy
from collector.records.base import Statements
from collector.store.buffer import Buffer

HOLD_SECONDS = 1.0  # so long a full queue makes a client wait before it is told `busy`


class Waiting:
    """Used by the server's thread. ``go_on`` is called with a connection that waits no more."""

    def __init__(self, buffer: Buffer, statements: Statements, go_on: Callable[[Connection], None]) -> None:
        self._buffer = buffer
        self._statements = statements
        self._go_on = go_on
        self._held: dict[Connection, Held] = {}  # the oldest first

    def __bool__(self) -> bool:
        return bool(self._held)

    def take(self, connection: Connection, held: Held) -> None:
        """Into the buffer, or among those that wait."""
        if self._offered(held):
            return
        if self._buffer.can_hold(held.batch):
            self._held[connection] = connection.held = held
        else:
            self._tell_busy(connection, held)

    def offer_again(self, now: float) -> None:
        """What had to wait for room goes in, in its turn. Who can hear is told `busy` after a second.

        Who only sends and forgets would never send it again: that waits for as long as it takes.
        """
        for connection, held in [*self._held.items()]:
            if self._offered(held):
                self._let_go(connection)
            elif now - held.since > HOLD_SECONDS and connection.will_hear:
                self._tell_busy(connection, held)
                self._let_go(connection)

    def drop(self, connection: Connection) -> None:
        """The connection ends: what waited is lost, unless somebody can send it again."""
        held = self._held.pop(connection, None)
        if held is None:
            return
        self.withdraw(held.said)
        if not connection.will_hear:
            self._buffer.refuse(_count(held.said), "stopped")

    def withdraw(self, said: Delivery) -> None:
        """It comes again, or never: what it was to bring is still wanted."""
        withdraw_texts(said.records, self._statements)

    def _offered(self, held: Held) -> bool:
        """Whether there was room for it."""
        try:
            taken = self._buffer.offer(time.monotonic(), held.batch)
        except CollectorError:  # closed: the recorder stops
            return False
        if taken:
            self._buffer.reject(len(held.said.rejected))  # only now: a busy line comes again whole
        return taken

    def _tell_busy(self, connection: Connection, held: Held) -> None:
        self.withdraw(held.said)
        if not connection.will_hear:  # nobody would send it again
            self._buffer.refuse(_count(held.said), "busy")
        connection.settle(held.slot, as_line(busy("the queue is full")))

    def _let_go(self, connection: Connection) -> None:
        del self._held[connection]
        connection.held = None
        self._go_on(connection)


def _count(said: Delivery) -> int:
    return len(said.records) + len(said.rejected)
