"""Servers on loopback that answer a request in their own way."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

Answer = Callable[[socket.socket], None]
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"


@contextmanager
def serving(answer: Answer, context: ssl.SSLContext | None = None) -> Iterator[int]:
    """A server on loopback that answers each connection by ``answer``; yields its port."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with suppress(OSError):
            while True:
                peer, _ = listener.accept()
                with suppress(OSError), peer if context is None else context.wrap_socket(peer, True) as talk:
                    answer(talk)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)


def says(*parts: bytes) -> Answer:
    """Reads the request's head, sends ``parts``, and closes."""

    def answer(peer: socket.socket) -> None:
        request(peer)
        for part in parts:
            peer.sendall(part)

    return answer


def request(peer: socket.socket) -> bytes:
    """The head of a request."""
    head = b""
    while b"\r\n\r\n" not in head and (chunk := peer.recv(4096)):
        head += chunk
    return head
