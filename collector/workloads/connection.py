"""A TCP or TLS connection on which all waiting together ends at one deadline.

A socket's own timeout begins anew with each byte, so a server that sends one a second would hold a
request for ever.
"""

from __future__ import annotations

import io
import ipaddress
import socket
import threading
import time
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import ssl

Addresses = list[tuple[Any, ...]]


class Connection(io.RawIOBase):
    """Opens, sends and reads; raises TimeoutError at the deadline, OSError for all that fails.

    ``phase`` says what it was at, ``first_byte_at`` (perf_counter) when the answer began.
    """

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.phase = ""
        self.first_byte_at: float | None = None
        self._deadline = time.perf_counter() + seconds
        self._socket: socket.socket | None = None

    def open(self, host: str, port: int, context: ssl.SSLContext | None) -> None:
        """Resolve, connect, and agree on keys where there is a ``context``."""
        self.phase = "resolving the name"
        addresses = resolve(host, port, self._left())
        self.phase = "connecting"
        self._socket = self._first_of(addresses)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if context is not None:
            self.phase = "agreeing on keys"
            self._socket.settimeout(self._left())
            self._socket = context.wrap_socket(self._socket, server_hostname=host)

    def send(self, data: bytes) -> None:
        """Send all of ``data``."""
        self.phase = "sending"
        self._open().sendall(data)
        self.phase = "waiting for the answer"

    def makefile(self, _: str) -> io.BufferedReader:
        """What http.client asks of a socket: a stream to read from."""
        return io.BufferedReader(self)

    def readable(self) -> bool:
        """It can be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read what is there, waiting no longer than the deadline."""
        count = self._open().recv_into(buffer)
        if self.first_byte_at is None:
            self.first_byte_at = time.perf_counter()
            self.phase = "reading the answer"
        return count

    def close(self) -> None:
        """Close the socket; closing twice is fine."""
        if self._socket is not None:
            self._socket.close()
        super().close()

    def _left(self) -> float:
        left = self._deadline - time.perf_counter()
        if left <= 0:
            raise TimeoutError
        return left

    def _open(self) -> socket.socket:
        assert self._socket is not None
        self._socket.settimeout(self._left())
        return self._socket

    def _first_of(self, addresses: Addresses) -> socket.socket:
        """Connect to the first address that answers. An address that is silent costs only its share."""
        failure: OSError = TimeoutError()
        for done, (family, kind, protocol, _, address) in enumerate(addresses):
            candidate = socket.socket(family, kind, protocol)
            try:
                candidate.settimeout(self._left() / (len(addresses) - done))
                candidate.connect(address)
            except OSError as error:
                candidate.close()
                failure = error
            else:
                return candidate
        raise failure


_pending: dict[tuple[str, int], Future[Addresses]] = {}
_pending_lock = threading.Lock()


def resolve(host: str, port: int, seconds: float) -> Addresses:
    """The addresses of ``host``; raises OSError or TimeoutError.

    The resolver of libc knows no deadline, so a name is asked for in a thread that may be left
    behind. There is one such thread a name at the most: later askers wait for the same answer.
    """
    try:
        ipaddress.ip_address(host)
        return list(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST))
    except ValueError:
        with _pending_lock:
            asked = _pending.get((host, port))
            if asked is None:
                asked = _pending[host, port] = Future()
                threading.Thread(target=_ask, args=(host, port, asked), name="resolve", daemon=True).start()
        return asked.result(seconds)


def _ask(host: str, port: int, answer: Future[Addresses]) -> None:
    try:
        answer.set_result(list(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)))
    except OSError as error:
        answer.set_exception(error)
    except UnicodeError:
        answer.set_exception(OSError(f"{host!r} cannot be a host's name"))
    finally:
        with _pending_lock:
            del _pending[host, port]
