"""Who is let in: 64 clients, and beside them a few that may only ask.

All places can be taken for long: a disk is full, and clients wait for room. Then `collector status` has to
be answered all the same.
"""

from __future__ import annotations

import errno
import resource
import selectors
import socket
import time
from collections.abc import Callable

from collector.intake.connection import Connection
from collector.intake.deliveries import LONGEST_LINE
from collector.intake.listener import same_user
from collector.intake.spent import Spent
from collector.intake.spoken import FULL
from collector.log import Folded

MOST_CONNECTIONS = 64
SPARE_PLACES = 4
# Of the descriptors that this process may have: files to read and workloads to run need the others.
CONNECTIONS_SHARE = 4
IDLE_SECONDS = 1.0  # who is silent for so long gives way to a newcomer when all places are taken
SPARE_SECONDS = 0.2  # who has a spare place has to ask at once
ACCEPT_SECONDS = 0.002  # of letting in, in one turn
ACCEPT_REST_SECONDS = 0.01  # and of rest after it, when many came lately
# Without a descriptor for a newcomer the selector would tell of it again and again: so long nobody is let in.
OUT_OF_DESCRIPTORS = (errno.EMFILE, errno.ENFILE)
DEAF_SECONDS = 0.2


class Places:
    """The listening socket, and who came in by it. ``drop`` ends a connection, and takes it out."""

    def __init__(
        self, selector: selectors.BaseSelector, drop: Callable[[Connection], None], refused: Folded
    ) -> None:
        self.connections: set[Connection] = set()
        self.listener: socket.socket | None = None
        self._selector = selector
        self._drop = drop
        self._refused = refused
        self._deaf_until: float | None = None
        self._spent = Spent(time.monotonic())
        most_files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        unlimited = most_files == resource.RLIM_INFINITY
        self.most = MOST_CONNECTIONS if unlimited else min(MOST_CONNECTIONS, most_files // CONNECTIONS_SHARE)

    def listen(self, listener: socket.socket) -> None:
        """Let in who connects to this, and no longer who connects to the one before."""
        if self.listener is not None:
            if self._deaf_until is None:
                self._selector.unregister(self.listener)
            self.listener.close()
        self._deaf_until = None
        self.listener = listener
        self._selector.register(listener, selectors.EVENT_READ, None)

    @property
    def is_watched(self) -> bool:
        """Whether something is due at some time, though nobody may say anything."""
        return self._deaf_until is not None or any(c.only_asks for c in self.connections)

    def let_in(self, now: float) -> list[Connection]:
        """Those who knock, for as long as a turn lasts."""
        newcomers = []
        while time.monotonic() - now < ACCEPT_SECONDS:
            try:
                newcomer = self._accept(now)
            except BlockingIOError:
                break
            except OSError as error:
                self._refused.happened(now, reason=str(error))
                if error.errno in OUT_OF_DESCRIPTORS:
                    self._rest(now + DEAF_SECONDS)
                break
            if newcomer is not None:
                newcomers.append(newcomer)
        ended = time.monotonic()
        self._spent.add(ended - now, ended)
        if self._deaf_until is None and not self._spent.is_light(ended):
            self._rest(ended + ACCEPT_REST_SECONDS)
        return newcomers

    def see_to(self, now: float) -> None:
        """Listen again after a rest; and have nobody keep a spare place."""
        if self._deaf_until is not None and now >= self._deaf_until:
            self._deaf_until = None
            assert self.listener is not None
            self._selector.register(self.listener, selectors.EVENT_READ, None)
        for connection in [c for c in self.connections if c.only_asks]:
            if self._taken() < self.most:
                connection.only_asks = False
            elif now - connection.heard > SPARE_SECONDS and not connection.is_at_work:
                self.turn_away(connection.socket)
                self._drop(connection)

    def turn_away(self, sock: socket.socket) -> None:
        """Say so, to one that is not to be served; it is not waited until it hears."""
        self._refused.happened(time.monotonic(), reason=f"more than {self.most} connections at work")
        try:
            sock.send(FULL)
        except OSError as error:
            self._refused.happened(time.monotonic(), reason=f"gone again: {error}")

    def close(self) -> None:
        """Listen no more."""
        if self.listener is not None:
            self.listener.close()

    def _accept(self, now: float) -> Connection | None:
        assert self.listener is not None
        sock, _ = self.listener.accept()
        sock.setblocking(False)
        if not same_user(sock):
            self._refused.happened(now, reason="another user")
            sock.close()
            return None
        has_place = self._has_place(now)
        if not has_place and len(self.connections) >= self.most + SPARE_PLACES:
            self.turn_away(sock)
            sock.close()
            return None
        connection = Connection(sock, LONGEST_LINE, now, only_asks=not has_place)
        self.connections.add(connection)
        return connection

    def _has_place(self, now: float) -> bool:
        """Whether there is a place, or somebody silent gives one up: clients connect again by themselves."""
        if self._taken() < self.most:
            return True
        silent = [
            c
            for c in self.connections
            if not c.only_asks and not c.is_at_work and now - c.heard > IDLE_SECONDS
        ]
        if not silent:
            return False
        self._drop(min(silent, key=lambda c: c.heard))
        return True

    def _taken(self) -> int:
        return sum(not c.only_asks for c in self.connections)

    def _rest(self, until: float) -> None:
        assert self.listener is not None
        self._selector.unregister(self.listener)
        self._deaf_until = until
