"""The daemon's socket: one thread, any number of clients, each answered in order after the commit.

A client can be slow, silent or hostile without slowing another: nothing here blocks, and what one
connection may hold is bounded.
"""

from __future__ import annotations

import os
import selectors
import socket
import struct
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from collector.client import short
from collector.errors import CollectorError
from collector.intake.protocol import LONGEST_LINE, Delivery, Question, parse, told
from collector.log import Folded, get_logger
from collector.store.buffer import Batch, Buffer, Outcome

log = get_logger("intake")

MOST_CONNECTIONS = 64
MOST_PENDING = 64  # unanswered lines a connection; beyond it we stop reading from it
RETRY_AFTER_MS = 200

Asks = Mapping[str, Callable[[], dict[str, Any]]]


class Connection:
    """One client: bytes that came, answers that are due in the order of its lines."""

    def __init__(self, sock: socket.socket) -> None:
        self.socket = sock
        self.received = bytearray()
        self.to_send = bytearray()
        self.pending: deque[list[bytes | None]] = deque()
        self.closed = False
        self.watched = 0  # what the selector looks for on it

    def ready_answers(self) -> None:
        """Move answers to the send buffer as far as they are known without a hole."""
        while self.pending and self.pending[0][0] is not None:
            self.to_send += self.pending.popleft()[0] or b""


class Server:
    """Listens on ``path`` (0600, in a folder only this user can enter) and feeds the buffer."""

    def __init__(self, path: Path, buffer: Buffer, asks: Asks) -> None:
        self.path = path
        self._buffer = buffer
        self._asks = asks
        self._selector = selectors.DefaultSelector()
        self._listener: socket.socket | None = None
        self._inode: int | None = None
        self._answered: deque[tuple[Connection, list[bytes | None], bytes]] = deque()
        self._wake_in, self._wake_out = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._stopping = False
        self._thread: threading.Thread | None = None
        self._connections: set[Connection] = set()
        self._refused = Folded(log, "intake.refused")
        self._broken = Folded(log, "intake.broken", level="error")

    def start(self) -> None:
        """Listen, in a thread of its own. Raises CollectorError when the place cannot be used."""
        self._listener = _listen(self.path)
        self._inode = _inode(self.path)
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
        if self._listener is not None and _inode(self.path) == self._inode:
            # Not another's, who may have taken the place by now; a dead socket does no harm.
            with suppress(OSError):
                self.path.unlink(missing_ok=True)

    def _run(self) -> None:
        while not self._stopping:
            try:
                self.step(None)
            except Exception as error:  # noqa: BLE001  # the edge of this thread: it must go on
                self._broken.happened(time.monotonic(), error=f"{type(error).__name__}: {error}")
        for connection in list(self._connections):
            self._drop(connection)
        if self._listener is not None:
            self._listener.close()

    def step(self, timeout: float | None) -> bool:
        """One turn: whatever is readable or writable now. True when there was something."""
        events = self._selector.select(timeout)
        for key, mask in events:
            if key.fileobj is self._listener:
                self._accept()
            elif key.fileobj == self._wake_in:
                os.read(self._wake_in, 4096)
            else:
                self._serve(key.data, mask)
        self._deliver_answers()
        return bool(events)

    def _accept(self) -> None:
        assert self._listener is not None
        try:
            sock, _ = self._listener.accept()
        except OSError as error:
            self._refused.happened(time.monotonic(), reason=str(error))
            return
        reason = "" if _same_user(sock) else "another user"
        if len(self._connections) >= MOST_CONNECTIONS:
            reason = f"more than {MOST_CONNECTIONS} connections"
        if reason:
            self._refused.happened(time.monotonic(), reason=reason)
            sock.close()
            return
        sock.setblocking(False)
        connection = Connection(sock)
        self._connections.add(connection)
        self._watch(connection)

    def _serve(self, connection: Connection, mask: int) -> None:
        try:
            if mask & selectors.EVENT_READ:
                self._read(connection)
            if mask & selectors.EVENT_WRITE and not connection.closed:
                self._send(connection)
        except OSError:
            self._drop(connection)

    def _read(self, connection: Connection) -> None:
        data = connection.socket.recv(1 << 18)
        if not data:
            self._drop(connection)
            return
        connection.received += data
        self._take_lines(connection)
        if b"\n" not in connection.received and len(connection.received) > LONGEST_LINE:
            self._refused.happened(time.monotonic(), reason=f"a line over {LONGEST_LINE} bytes")
            self._drop(connection)

    def _take_lines(self, connection: Connection) -> None:
        while len(connection.pending) < MOST_PENDING:
            end = connection.received.find(b"\n")
            if end < 0:
                break
            line = bytes(connection.received[:end])
            del connection.received[: end + 1]
            if line.strip():
                self._take_line(connection, line)
        self._watch(connection)
        self._send(connection)

    def _take_line(self, connection: Connection, line: bytes) -> None:
        slot: list[bytes | None] = [None]
        connection.pending.append(slot)
        said = parse(line)
        if isinstance(said, Question):
            slot[0] = _line(self._answer(said))
        else:
            self._take_delivery(connection, slot, said)
        connection.ready_answers()

    def _answer(self, question: Question) -> dict[str, Any]:
        known = self._asks.get(question.about)
        if known is None:
            return {"result": "rejected", "reason": f"cannot be asked; one can ask {', '.join(self._asks)}"}
        return known()

    def _take_delivery(self, connection: Connection, slot: list[bytes | None], said: Delivery) -> None:
        if not said.records:
            self._buffer.reject(len(said.rejected))
            slot[0] = _line(told(Outcome(), said))
            return

        def done(outcome: Outcome) -> None:
            self._answered.append((connection, slot, _line(told(outcome, said))))
            self._wake()

        batch = Batch(said.records, said.size, done)
        try:
            if self._buffer.offer(time.monotonic(), batch):
                self._buffer.reject(len(said.rejected))  # only now: a busy line comes again whole
            else:
                slot[0] = _line({"result": "busy", "retry_after_ms": RETRY_AFTER_MS})
        except CollectorError as error:
            slot[0] = _line({"result": "busy", "reason": error.message, "retry_after_ms": RETRY_AFTER_MS})

    def _deliver_answers(self) -> None:
        touched = set()
        while self._answered:
            connection, slot, answer = self._answered.popleft()
            slot[0] = answer
            touched.add(connection)
        for connection in touched:
            if not connection.closed:
                connection.ready_answers()
                self._serve_again(connection)

    def _serve_again(self, connection: Connection) -> None:
        try:
            self._take_lines(connection)
        except OSError:
            self._drop(connection)

    def _send(self, connection: Connection) -> None:
        if connection.to_send:
            try:
                sent = connection.socket.send(connection.to_send)
            except BlockingIOError:
                sent = 0
            del connection.to_send[:sent]
        self._watch(connection)

    def _watch(self, connection: Connection) -> None:
        """Read only from who can take more, write only to who has something coming."""
        if connection.closed:
            return
        mask = selectors.EVENT_WRITE if connection.to_send else 0
        if len(connection.pending) < MOST_PENDING and len(connection.to_send) < LONGEST_LINE:
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
            if connection.watched:
                self._selector.unregister(connection.socket)
            connection.socket.close()

    def _wake(self) -> None:
        try:
            os.write(self._wake_out, b"x")
        except BlockingIOError:
            return  # the pipe is full of wake-ups already


def _line(answer: dict[str, Any]) -> bytes:
    return msgspec.json.encode(answer) + b"\n"


def _listen(path: Path) -> socket.socket:
    """A listening socket that only this user can reach: 0600 in a 0700 folder."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if path.parent.stat().st_mode & 0o077:
            raise CollectorError(
                f"{path.parent}: others can enter the folder of the socket",
                hint=f"run `chmod 700 {path.parent}`, or set `socket` under [collector]",
            )
        _refuse_if_alive(path)
        path.unlink(missing_ok=True)
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
        with short(path) as address:
            sock.bind(address)
        path.chmod(0o600)
        sock.listen(MOST_CONNECTIONS)
        sock.setblocking(False)
    except OSError as error:
        raise CollectorError(
            f"{path}: {error.strerror or error}", hint="set `socket` under [collector] to another place"
        ) from error
    return sock


def _refuse_if_alive(path: Path) -> None:
    """The lock guards our database, not this path: another database's recorder may listen there."""
    try:
        with socket.socket(socket.AF_UNIX) as sock, short(path) as address:
            sock.connect(address)
    except OSError:
        return  # nobody answers: it is a dead one's, or not there
    raise CollectorError(
        f"{path} is in use by another recorder", hint="set `socket` under [collector] to another place"
    )


def _inode(path: Path) -> int | None:
    try:
        return path.stat().st_ino
    except OSError:
        return None


def _same_user(sock: socket.socket) -> bool:
    """Whether the peer runs as this user or as root; source: unix(7), SO_PEERCRED."""
    credentials = sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    _, uid, _ = struct.unpack("3i", credentials)
    return uid in (os.geteuid(), 0)
