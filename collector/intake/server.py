"""The daemon's socket: one thread, any number of clients, each answered in order after the commit.

A client can be slow, silent or hostile without slowing another: nothing here blocks, what one
connection may hold is bounded, and so is the time one turn gives to it.
"""

from __future__ import annotations

import selectors
import threading
import time
from pathlib import Path

from collector.errors import CollectorError
from collector.intake.connection import READ_SIZE, Connection
from collector.intake.lines import Asks, Lines, Tasks
from collector.intake.listener import listen, remove
from collector.intake.places import MOST_CONNECTIONS, Places
from collector.intake.spoken import Reply, Words
from collector.intake.statements import Statements
from collector.intake.turns import TURN_SECONDS, Turns
from collector.intake.waiting import Waiting
from collector.intake.waking import Waking
from collector.log import Folded, get_logger
from collector.store.buffer import Buffer
from collector.store.database import inode

__all__ = ["MOST_CONNECTIONS", "Asks", "Reply", "Server", "Tasks", "Words"]

log = get_logger("intake")

BACKLOG = 1024  # who is not accepted yet: a burst of connects must not turn others away
SWEEP_SECONDS = 5.0
ROOM_SECONDS = 0.05  # so often it is looked for room, or whether a rest is over


class Server:
    """Listens on ``path`` (0600, in a folder only this user can enter) and feeds the buffer."""

    def __init__(
        self,
        path: Path,
        buffer: Buffer,
        asks: Asks,
        tasks: Tasks | None = None,
        statements: Statements | None = None,
    ) -> None:
        self.path = path
        statements = statements or Statements()
        self._refused = Folded(log, "intake.refused")
        self._broken = Folded(log, "intake.broken", level="error")
        self._selector = selectors.DefaultSelector()
        self._places = Places(self._selector, self._drop, self._refused)
        self._waiting = Waiting(buffer, statements, self._go_on)
        self._waking = Waking()
        wake = self._waking.wake
        self._lines = Lines(buffer, statements, asks, tasks or {}, self._waiting, self._refused, wake)
        self._turns = Turns(self._serve, self._postpone)
        self._inode: tuple[int, int] | None = None
        self._is_lost = False
        self._stopping = False
        self._thread: threading.Thread | None = None
        self._swept = time.monotonic()
        self._busy_since: float | None = None

    @property
    def progress(self) -> float:
        """When it last came to wait for clients; now, while it waits. For the watchdog."""
        since = self._busy_since
        return time.monotonic() if since is None else since

    def start(self) -> None:
        """Listen, in a thread of its own. Raises CollectorError when the place cannot be used."""
        self._places.listen(listen(self.path, BACKLOG))
        self._inode = inode(self.path)
        self._selector.register(self._waking, selectors.EVENT_READ, None)
        self._thread = threading.Thread(target=self._run, name="intake", daemon=True)
        self._thread.start()

    def look(self) -> None:
        """See that it can be found: where its socket was deleted, with its folder or not, it is made anew."""
        if self._inode is not None and inode(self.path) != self._inode:
            self._is_lost = True
            self._waking.wake()

    def _listen_again(self) -> None:
        self._is_lost = False
        try:
            self._places.listen(listen(self.path, BACKLOG))
        except CollectorError as error:  # somebody else's is there
            self._refused.happened(time.monotonic(), reason=str(error))
            return
        self._inode = inode(self.path)
        log.warning("intake.listening_again", path=str(self.path))

    def close(self, timeout: float = 1.0) -> None:
        """Stop listening and drop all clients; closing twice is fine."""
        if self._stopping:
            return
        self._stopping = True
        self._waking.wake()
        if self._thread is None:
            self._end()
        else:
            self._thread.join(timeout)
        if self._places.listener is not None:
            remove(self.path, self._inode)

    def _run(self) -> None:
        while not self._stopping:
            try:
                self.step(self._longest_wait())
            except Exception as error:  # noqa: BLE001  # the edge of this thread: it must go on
                self._broken.happened(time.monotonic(), error=f"{type(error).__name__}: {error}")
        self._end()

    def _end(self) -> None:
        for connection in [*self._places.connections]:
            self._drop(connection)
        self._places.close()
        self._selector.close()
        self._waking.close()

    def _longest_wait(self) -> float | None:
        """For ever, unless somebody's lines wait, or somebody may run out of our patience."""
        connections = self._places.connections
        if behind := [c for c in connections if c.behind]:
            return self._turns.rest(behind, time.monotonic())
        if self._waiting or self._places.is_watched:
            return ROOM_SECONDS
        return SWEEP_SECONDS if any(c.has_begun or c.to_send for c in connections) else None

    def step(self, timeout: float | None) -> bool:
        """One turn: whatever is readable or writable now. True when there was something."""
        self._busy_since = None
        events = self._selector.select(timeout)
        now = self._busy_since = time.monotonic()
        asked = {key.data: mask for key, mask in events if key.data is not None}
        others = [key.fileobj for key, _ in events if key.data is None]
        if self._waking in others:  # before the answers are looked for, or one of them could wake nobody
            self._waking.heard()
            if self._is_lost:
                self._listen_again()
        for connection in self._lines.deliver(now):
            self._flush(connection, now)
        self._waiting.offer_again(now)
        # What is here already comes first: to read on would only make a long tail to be moved about.
        behind = {c: 0 if c.has_begun else selectors.EVENT_READ for c in self._places.connections if c.behind}
        if due := {**behind, **asked}:
            self._turns.serve(due, self._places.connections)
        self._places.see_to(now)
        if self._places.listener in others:
            self._let_in()
        if now - self._swept > SWEEP_SECONDS:
            self._sweep(now)
        return bool(events)

    def _let_in(self) -> None:
        for connection in self._places.let_in(time.monotonic()):
            self._watch(connection)

    def _serve(self, connection: Connection, mask: int) -> None:
        """Read what came, answer whole lines, send what is due."""
        if connection.closed:
            return
        began = time.monotonic()
        connection.behind = False
        if mask & selectors.EVENT_READ and connection.may_read:
            self._read(connection, began)
        good_s = self._lines.take(connection, began + TURN_SECONDS)
        self._flush(connection, began)
        ended = time.monotonic()
        connection.spent.add(ended - began - good_s, ended)

    def _postpone(self, connection: Connection) -> None:
        connection.behind = True
        self._flush(connection, time.monotonic())

    def _read(self, connection: Connection, now: float) -> None:
        try:
            data = connection.socket.recv(READ_SIZE)
        except BlockingIOError:
            return
        except OSError:  # it is gone; what it sent before still counts
            data, connection.mute = b"", True
        connection.take_in(data, now)

    def _flush(self, connection: Connection, now: float) -> None:
        """Send what is due, and see whether the connection goes on."""
        if connection.closed:
            return
        connection.send(now)
        if connection.stopped and connection.may_take:
            connection.stopped, connection.behind = False, True  # lines that came already wake nobody
        if connection.is_done or connection.is_endless:
            self._drop(connection)
        else:
            self._watch(connection)

    def _go_on(self, connection: Connection) -> None:
        """It waited for room, and waits no more."""
        connection.behind = True
        connection.collect_answers(time.monotonic())

    def _sweep(self, now: float) -> None:
        self._swept = now
        for connection in [*self._places.connections]:
            if connection.is_stuck(now):
                self._refused.happened(now, reason="a line not ended in time")
                self._drop(connection)
            elif connection.hush(now):
                connection.behind = True

    def _watch(self, connection: Connection) -> None:
        """Read only from who can take more, write only to who has something coming."""
        if connection.closed:  # a newcomer may have given way to the next one already
            return
        mask = selectors.EVENT_WRITE if connection.to_send else 0
        if connection.may_read and not connection.behind:
            mask |= selectors.EVENT_READ
        if mask == connection.watched:
            return
        if not connection.watched:
            self._selector.register(connection.socket, mask, connection)
        elif mask:
            self._selector.modify(connection.socket, mask, connection)
        else:  # it has sent all it may until answers come
            self._selector.unregister(connection.socket)
        connection.watched = mask

    def _drop(self, connection: Connection) -> None:
        if not connection.closed:
            connection.closed = True
            connection.behind = False
            self._places.connections.discard(connection)
            self._waiting.drop(connection)
            if connection.reading is not None:
                connection.reading.close()
            if connection.watched:
                self._selector.unregister(connection.socket)
            connection.socket.close()
