"""One connection to the daemon, whole lines both ways."""

from __future__ import annotations

import socket
import time
from pathlib import Path

from collector.client.line import short

_CONNECT_SECONDS = 1.0
_SEND_SECONDS = 10.0
_LONGEST_ANSWER = 4 << 20  # bytes: a thousand reasons
_MOST_THROWN_AWAY = 64 << 20  # bytes of one answer


class TooLong(Exception):
    """An answer came, to its end, and was longer than is kept."""


class Link:
    """Connects when it is made. Every method raises OSError when there is no daemon on the other side."""

    def __init__(self, path: Path) -> None:
        self._received = b""
        self._thrown_away = 0  # bytes, of the answer that is coming in
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
        try:
            self._socket.settimeout(_CONNECT_SECONDS)
            with short(path) as address:
                self._socket.connect(address)
        except OSError:
            self._socket.close()
            raise

    def send(self, line: bytes) -> None:
        """Send a line that ends with its newline."""
        self._socket.settimeout(_SEND_SECONDS)
        # Not with the signal SIGPIPE, which ends a program that left it at its default.
        self._socket.sendall(line, socket.MSG_NOSIGNAL)

    def receive(self, seconds: float) -> bytes | None:
        """The next line without its end; None when it has not come in so many seconds.

        Raises TooLong in the place of a line that was too long to keep.
        """
        until = time.monotonic() + seconds
        while b"\n" not in self._received:
            # Zero would mean "do not block" and fail in another way than being late.
            self._socket.settimeout(max(0.001, until - time.monotonic()))
            try:
                more = self._socket.recv(65536)
            except TimeoutError:
                return None
            if not more:
                raise ConnectionResetError("the daemon closed the connection")
            self._received += more
            self._bound()
        line, _, self._received = self._received.partition(b"\n")
        if self._thrown_away:
            self._thrown_away = 0
            raise TooLong
        return line

    def _bound(self) -> None:
        """Throw away what is too long, as long as its end may still come."""
        if len(self._received) <= _LONGEST_ANSWER or b"\n" in self._received:
            return
        self._thrown_away += len(self._received)
        self._received = b""
        if self._thrown_away > _MOST_THROWN_AWAY:
            raise ConnectionAbortedError("an answer without an end")

    def close(self) -> None:
        """Close this process's end; closing twice is fine."""
        self._socket.close()
