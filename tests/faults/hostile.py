"""Clients that mean no good, all at once: ``python -m tests.faults.hostile SOCKET IDLE SEED``.

A process of its own, so that they do not slow the good client whose answers are timed. It ends, and with it
all of its connections, when its input does.
"""

from __future__ import annotations

import json
import random
import socket
import struct
import sys
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack

WAIT_SECONDS = 5.0
ANY = (b'{"kind":"skill"', b"[[[[", b"\xff\xfe\0", b'"\\ud800"', b"NaN,", b"}]}]", b"\r\n", b'{"ask":')
# Refused whole, with an answer of a thousand reasons.
COSTLY = b"[" + b",".join([b'{"kind":"benchmark"}'] * 1_000) + b"]\n"


class Hostile:
    """What each of them does once; it is done again and again. ``stopping`` ends a wait."""

    def __init__(self, path: str, idle: int, seed: int) -> None:
        self._path, self._idle = path, idle
        self._random = random.Random(seed)
        self.stopping = threading.Event()
        self.done: Counter[str] = Counter()
        self.turned_away = 0

    def half_a_message(self) -> None:
        """Begin a line, and wait until somebody gives up."""
        with self._connected() as sock:
            sock.sendall(b'{"kind": "skill", "id": "half')
            self._wait_for_end(sock)

    def byte_by_byte(self) -> None:
        """One byte a second."""
        with self._connected() as sock:
            for byte in b'{"kind":"skill","skill_id":"slow"}\n':
                sock.send(bytes([byte]))
                if self.stopping.wait(1.0):  # this slow it is
                    return

    def idle(self) -> None:
        """Many connections that say nothing."""
        with ExitStack() as stack:
            for _ in range(self._idle):
                if self.stopping.is_set():
                    return
                stack.enter_context(self._connected())
                self.done["idle connections"] += 1
            self.stopping.wait(WAIT_SECONDS)  # they only take up places

    def endless(self) -> None:
        """A line without an end."""
        with self._connected() as sock:
            while not self.stopping.is_set():
                sock.sendall(b"x" * (1 << 16))

    def reset(self) -> None:
        """Hang up in the middle of an answer."""
        with self._connected() as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            sock.sendall(COSTLY)
            sock.recv(1_000)

    def deaf(self) -> None:
        """Ask without ever reading an answer, until nothing more is taken."""
        with self._connected() as sock:
            while not self.stopping.is_set():
                sock.sendall(COSTLY)

    def flood(self) -> None:
        """Connect, and hang up at once."""
        self._connected().close()

    def garbage(self) -> None:
        """Bytes that mean nothing, and pieces of what might."""
        with self._connected() as sock:
            for _ in range(20):
                pieces = self._random.choices([*ANY, self._random.randbytes(200), b"\n"], k=200)
                sock.sendall(b"".join(pieces) + b"\n")
            while sock.recv(1 << 16):
                pass

    def again_and_again(self, act: Callable[[], None]) -> None:
        """Until all is over. It may be turned away, or let go: then the next."""
        while not self.stopping.is_set():
            try:
                act()
            except OSError:
                self.turned_away += 1
            else:
                self.done[act.__name__] += 1

    def _connected(self) -> socket.socket:
        sock = socket.socket(socket.AF_UNIX)
        sock.settimeout(WAIT_SECONDS)
        try:
            sock.connect(self._path)
        except OSError:
            sock.close()
            raise
        return sock

    def _wait_for_end(self, sock: socket.socket) -> None:
        while not self.stopping.is_set() and sock.recv(1 << 10):
            pass


def main(path: str, idle: str, seed: str) -> None:
    """Say so when all have begun; at the end, tell as JSON how often each was done."""
    hostile = Hostile(path, int(idle), int(seed))
    acts = [
        hostile.half_a_message, hostile.byte_by_byte, hostile.idle, hostile.endless, hostile.reset,
        hostile.deaf, hostile.flood, hostile.garbage,
    ]  # fmt: skip
    for act in acts:
        threading.Thread(target=hostile.again_and_again, args=(act,), daemon=True).start()
    sys.stdout.write("begun\n")
    sys.stdout.flush()
    sys.stdin.read()
    hostile.stopping.set()
    sys.stdout.write(json.dumps({**hostile.done, "turned_away": hostile.turned_away}))


if __name__ == "__main__":
    main(*sys.argv[1:])
