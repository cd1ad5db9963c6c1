"""The daemon's socket: one thread, any number of clients, each answered in order after the commit.

A client can be slow, silent or hostile without slowing another: nothing here blocks, what one
connection may hold is bounded, and so is the time one turn gives to it.
"""

from __future__ import annotations

import errno
import os
import resource
import selectors
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from collector import clock
from collector.errors import CollectorError
from collector.intake.connection import READ_SIZE, Connection, Held, Overlong, Slot
from collector.intake.listener import inode, listen, remove, same_user
from collector.intake.protocol import LONGEST_LINE, Delivery, Question, parse, told
from collector.intake.statements import Statements
from collector.log import Folded, get_logger
from collector.records.base import Arrival
from collector.store.buffer import Batch, Buffer, Outcome

log = get_logger("intake")

MOST_CONNECTIONS = 64
# Of the descriptors that this process may have: files to read and workloads to run need the others.
CONNECTIONS_SHARE = 4
BACKLOG = 1024  # who is not accepted yet: a burst of connects must not turn others away
IDLE_SECONDS = 1.0  # who is silent for so long gives way to a newcomer when all places are taken
TURN_SECONDS = 0.02  # of work for one client, before the next has its turn
SWEEP_SECONDS = 5.0
RETRY_AFTER_MS = 200
HOLD_SECONDS = 1.0  # so long a full queue makes a client wait before it is told `busy`
ROOM_SECONDS = 0.05  # so often it is looked for room
# Without a descriptor for a newcomer the selector would tell of it again and again: so long nobody is let in.
OUT_OF_DESCRIPTORS = (errno.EMFILE, errno.ENFILE)
DEAF_SECONDS = 0.2

Words = dict[str, Any]
Reply = Callable[[Words], None]
# What can be asked: answered at once, or, by way of `reply`, when it is done.
Asks = Mapping[str, Callable[[Words], Words]]
Tasks = Mapping[str, Callable[[Words, Reply], None]]


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
        self._buffer = buffer
        self._asks = asks
        self._tasks = tasks or {}
        self._statements = statements or Statements()
        self._selector = selectors.DefaultSelector()
        self._listener: socket.socket | None = None
        self._inode: int | None = None
        self._answered: deque[tuple[Connection, Slot, bytes]] = deque()
        self._wake_in, self._wake_out = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._stopping = False
        self._thread: threading.Thread | None = None
        self._connections: set[Connection] = set()
        self._behind: set[Connection] = set()  # whose lines wait for their next turn
        self._held: dict[Connection, Held] = {}  # for whose last line there was no room, the oldest first
        self._swept = time.monotonic()
        self._refused = Folded(log, "intake.refused")
        self._broken = Folded(log, "intake.broken", level="error")
        self._busy_since: float | None = None
        self._deaf_until: float | None = None
        most_files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        unlimited = most_files == resource.RLIM_INFINITY
        self._most = MOST_CONNECTIONS if unlimited else min(MOST_CONNECTIONS, most_files // CONNECTIONS_SHARE)

    @property
    def progress(self) -> float:
        """When it last came to wait for clients; now, while it waits. For the watchdog."""
        since = self._busy_since
        return time.monotonic() if since is None else since

    def start(self) -> None:
        """Listen, in a thread of its own. Raises CollectorError when the place cannot be used."""
        self._listener = listen(self.path, BACKLOG)
        self._inode = inode(self.path)
        self._selector.register(self._listener, selectors.EVENT_READ, None)
        self._selector.register(self._wake_in, selectors.EVENT_READ, None)
        self._thread = threading.Thread(target=self._run, name="intake", daemon=True)
        self._thread.start()

    def close(self, timeout: float = 1.0) -> None:
        """Stop listening and drop all clients; closing twice is fine."""
        if self._stopping:
            return
        self._stopping = True
        self._wake()
        if self._thread is not None:
            self._thread.join(timeout)
        if self._listener is not None:
            remove(self.path, self._inode)

    def _run(self) -> None:
        while not self._stopping:
            try:
                self.step(self._longest_wait())
            except Exception as error:  # noqa: BLE001  # the edge of this thread: it must go on
                self._broken.happened(time.monotonic(), error=f"{type(error).__name__}: {error}")
        for connection in list(self._connections):
            self._drop(connection)
        if self._listener is not None:
            self._listener.close()

    def _longest_wait(self) -> float | None:
        """For ever, unless somebody's lines wait, or somebody may run out of our patience."""
        if self._behind:
            return 0.0
        if self._held or self._deaf_until is not None:
            return ROOM_SECONDS
        return SWEEP_SECONDS if any(c.has_begun or c.to_send for c in self._connections) else None

    def step(self, timeout: float | None) -> bool:
        """One turn: whatever is readable or writable now. True when there was something."""
        self._busy_since = None
        events = self._selector.select(timeout)
        now = self._busy_since = time.monotonic()
        if self._deaf_until is not None and now >= self._deaf_until:
            self._hear_again()
        for connection in [*self._behind]:
            self._serve(connection, 0, now)
        for key, mask in events:
            if key.fileobj is self._listener:
                self._accept(now)
            elif key.fileobj == self._wake_in:
                os.read(self._wake_in, 4096)
            else:
                self._serve(key.data, mask, now)
        self._deliver_answers(now)
        self._offer_again(now)
        if now - self._swept > SWEEP_SECONDS:
            self._sweep(now)
        return bool(events)

    def _accept(self, now: float) -> None:
        assert self._listener is not None
        try:
            sock, _ = self._listener.accept()
        except OSError as error:
            self._refused.happened(now, reason=str(error))
            if error.errno in OUT_OF_DESCRIPTORS:
                self._selector.unregister(self._listener)
                self._deaf_until = now + DEAF_SECONDS
            return
        if not same_user(sock):
            self._refused.happened(now, reason="another user")
            sock.close()
        elif not self._has_room(now):
            self._refused.happened(now, reason=f"more than {self._most} connections at work")
            self._turn_away(sock)
        else:
            sock.setblocking(False)
            connection = Connection(sock, LONGEST_LINE, now)
            self._connections.add(connection)
            self._watch(connection)

    def _hear_again(self) -> None:
        assert self._listener is not None
        self._deaf_until = None
        self._selector.register(self._listener, selectors.EVENT_READ, None)

    def _has_room(self, now: float) -> bool:
        """Whether there is a place, or somebody silent gives one up: clients connect again by themselves."""
        if len(self._connections) < self._most:
            return True
        silent = [c for c in self._connections if not c.pending and now - c.heard > IDLE_SECONDS]
        if not silent:
            return False
        self._drop(min(silent, key=lambda c: c.heard))
        return True

    def _turn_away(self, sock: socket.socket) -> None:
        sock.setblocking(False)
        answer = {"result": "busy", "reason": "too many connections", "retry_after_ms": RETRY_AFTER_MS}
        try:
            sock.send(_line(answer))
        except OSError as error:
            self._refused.happened(time.monotonic(), reason=f"gone again: {error}")
        sock.close()

    def _serve(self, connection: Connection, mask: int, now: float) -> None:
        """Read what came, answer whole lines, send what is due."""
        if connection.closed:
            return
        if mask & selectors.EVENT_READ:
            self._read(connection, now)
        self._take_lines(connection)
        was_held = not connection.may_take
        connection.send(now)
        if was_held and connection.may_take:  # lines that came already wake nobody
            self._behind.add(connection)
        if connection.is_done or connection.is_endless:
            self._drop(connection)
        else:
            self._watch(connection)

    def _read(self, connection: Connection, now: float) -> None:
        try:
            data = connection.socket.recv(READ_SIZE)
        except BlockingIOError:
            return
        except OSError:  # it is gone; what it sent before still counts
            data, connection.mute = b"", True
        connection.take_in(data, now)

    def _take_lines(self, connection: Connection) -> None:
        """Answer whole lines, for as long as one turn lasts."""
        self._behind.discard(connection)
        end = time.monotonic() + TURN_SECONDS
        while connection.may_take:
            now = time.monotonic()
            if now > end:
                self._behind.add(connection)
                break
            line = connection.next_line(now)
            if line is None:
                break
            if isinstance(line, Overlong):
                self._refuse_overlong(connection)
            elif line.strip():
                self._take_line(connection, line)
            connection.collect_answers(now)

    def _refuse_overlong(self, connection: Connection) -> None:
        self._buffer.reject(1)
        reason = f"a line is longer than {LONGEST_LINE:,} bytes"
        self._refused.happened(time.monotonic(), reason=reason)
        rejected = [{"position": 0, "reason": reason}]
        answer = {"result": "rejected", "committed": 0, "duplicate": 0, "rejected": rejected}
        connection.settle(connection.expect(), _line(answer))

    def _take_line(self, connection: Connection, line: bytes) -> None:
        said = parse(line, Arrival(clock.now().wall_ms, self._statements))
        if isinstance(said, Question):
            self._answer(connection, said)
        else:
            self._take_delivery(connection, said)

    def _answer(self, connection: Connection, question: Question) -> None:
        slot = connection.expect()
        if question.about == "quiet":
            connection.mute = True
            connection.settle(slot, b"")
        elif question.about in self._tasks:
            self._tasks[question.about](question.words, self._reply(connection, slot))
        elif question.about in self._asks:
            connection.settle(slot, _line(self._asks[question.about](question.words)))
        else:
            known = ", ".join([*self._asks, *self._tasks, "quiet"])
            answer = {"result": "rejected", "reason": f"cannot be asked; one can ask {known}"}
            connection.settle(slot, _line(answer))

    def _reply(self, connection: Connection, slot: Slot) -> Reply:
        """What another thread calls with the answer to a line."""

        def reply(answer: Words) -> None:
            self._answered.append((connection, slot, _line(answer)))
            self._wake()

        return reply

    def _take_delivery(self, connection: Connection, said: Delivery) -> None:
        if not said.records:
            self._buffer.reject(len(said.rejected))
            connection.settle(connection.expect(), _line(told(Outcome(), said)))
            return
        slot = connection.expect(len(said.records) + len(said.rejected))
        reply = self._reply(connection, slot)
        batch = Batch(said.records, said.size, lambda outcome: reply(told(outcome, said)))
        held = Held(said, batch, slot, time.monotonic())
        if self._offered(held):
            return
        if self._buffer.can_hold(batch):
            self._held[connection] = connection.held = held
        else:
            self._tell_busy(connection, held)

    def _offered(self, held: Held) -> bool:
        """Whether there was room for it."""
        try:
            taken = self._buffer.offer(time.monotonic(), held.batch)
        except CollectorError:  # closed: the recorder stops
            return False
        if taken:
            self._buffer.reject(len(held.said.rejected))  # only now: a busy line comes again whole
        return taken

    def _offer_again(self, now: float) -> None:
        """What had to wait for room goes in, in its turn. Who can hear is told `busy` after a second.

        Who only sends and forgets would never send it again: that waits for as long as it takes.
        """
        for connection, held in [*self._held.items()]:
            if self._offered(held):
                self._go_on(connection)
            elif now - held.since > HOLD_SECONDS and connection.will_hear:
                self._tell_busy(connection, held)
                self._go_on(connection)

    def _tell_busy(self, connection: Connection, held: Held) -> None:
        self._withdraw(held.said)
        if not connection.will_hear:  # nobody would send it again
            self._buffer.refuse(len(held.said.records) + len(held.said.rejected), "busy")
        answer = {"result": "busy", "reason": "the queue is full", "retry_after_ms": RETRY_AFTER_MS}
        connection.settle(held.slot, _line(answer))

    def _go_on(self, connection: Connection) -> None:
        del self._held[connection]
        connection.held = None
        connection.collect_answers(time.monotonic())
        self._behind.add(connection)

    def _withdraw(self, said: Delivery) -> None:
        """It comes again, or never: what it was to bring is still wanted."""
        for record in said.records:
            query = getattr(record, "query", None)
            if query is not None:
                self._statements.withdraw(query.query_hash)

    def _deliver_answers(self, now: float) -> None:
        touched = set()
        while self._answered:
            connection, slot, answer = self._answered.popleft()
            connection.settle(slot, answer)
            touched.add(connection)
        for connection in touched:
            connection.collect_answers(now)
            self._serve(connection, 0, now)

    def _sweep(self, now: float) -> None:
        self._swept = now
        for connection in [*self._connections]:
            if connection.is_stuck(now):
                self._refused.happened(now, reason="a line not ended in time")
                self._drop(connection)
            elif connection.hush(now):
                self._behind.add(connection)

    def _watch(self, connection: Connection) -> None:
        """Read only from who can take more, write only to who has something coming."""
        if connection.closed:
            return
        mask = selectors.EVENT_WRITE if connection.to_send else 0
        if connection.may_read and connection not in self._behind:
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
            self._connections.discard(connection)
            self._behind.discard(connection)
            held = self._held.pop(connection, None)
            if held is not None and not connection.will_hear:  # else it is sent again
                self._buffer.refuse(len(held.said.records) + len(held.said.rejected), "stopped")
            if connection.watched:
                self._selector.unregister(connection.socket)
            connection.socket.close()

    def _wake(self) -> None:
        try:
            os.write(self._wake_out, b"x")
        except BlockingIOError:
            return  # the pipe is full of wake-ups already


def _line(answer: Words) -> bytes:
    return msgspec.json.encode(answer) + b"\n"
