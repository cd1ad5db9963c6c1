"""A connection to the daemon that asks and waits for the answer. Standard library only."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any


class Unreachable(Exception):
    """No daemon answers on this socket."""


class Line:
    """A connection that sends one JSON document a line and reads one answer a line.

    Used as a context manager; raises `Unreachable` when nobody listens or the answer does not come.
    """

    def __init__(self, path: Path, timeout: float = 5.0) -> None:
        self._path = path
        self._timeout = timeout
        self._socket: socket.socket | None = None
        self._received = b""

    def __enter__(self) -> Line:
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
        sock.settimeout(self._timeout)
        try:
            with short(self._path) as address:
                sock.connect(address)
        except OSError as error:
            sock.close()
            raise Unreachable(f"{self._path}: {error.strerror or error}") from error
        self._socket = sock
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def ask(self, message: Any) -> dict[str, Any]:
        """Send ``message`` and wait for its answer."""
        self.send(json.dumps(message, separators=(",", ":")).encode() + b"\n")
        return self.receive()

    def send(self, line: bytes) -> None:
        """Send a line, its end included. Answers come in the order of what was sent."""
        try:
            self._opened().sendall(line)
        except OSError as error:
            raise Unreachable(f"{self._path}: {error.strerror or error}") from error

    def receive(self) -> dict[str, Any]:
        """Wait for the next answer."""
        sock = self._opened()
        try:
            while b"\n" not in self._received:
                more = sock.recv(65536)
                if not more:
                    raise Unreachable(f"{self._path}: the daemon closed the connection")
                self._received += more
        except OSError as error:
            raise Unreachable(f"{self._path}: {error.strerror or error}") from error
        line, _, self._received = self._received.partition(b"\n")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _opened(self) -> socket.socket:
        if self._socket is None:
            raise Unreachable("the connection is closed")
        return self._socket


@contextmanager
def short(path: Path) -> Iterator[str]:
    """An address for ``path`` that fits the 107 bytes of a unix socket address, however long it is."""
    if len(os.fsencode(path)) <= 107:
        yield str(path)
        return
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)
