"""Stands in for a running daemon: the real lock, and a real socket that answers every line alike."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from collector import __version__
from collector.store.lock import InstanceLock

HEALTHY: dict[str, Any] = {
    "recording": True,
    "pid": 4121,
    "version": __version__,
    "uptime_s": 22_320.0,
    "counters": {
        "received": 1_204_118, "committed": 1_204_101, "duplicate": 12, "rejected": 5, "dropped": 0,
        "queued": 0,
    },
    "dropped_reasons": {},
    "cpu_percent": 0.14,
    "rss_bytes": 36_100_000,
    "flush_ms": 1.9,
    "late_ms": 3.0,
    "stuck": None,
    "samplers": [{"name": "cpu", "state": "ok", "reason": None, "failures": 0}],
    "next_runs": {},
    "config": None,
}  # fmt: skip


@contextmanager
def answering(database: Path, folder: Path, answer: dict[str, Any] | bytes) -> Iterator[None]:
    """Hold the lock of ``database`` and answer whoever asks, until the end of the block."""
    line = answer if isinstance(answer, bytes) else json.dumps(answer).encode() + b"\n"
    address = folder / "s"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as server:
        server.bind(str(address))
        server.listen()
        thread = threading.Thread(target=_serve, args=(server, line), daemon=True)
        thread.start()
        with holding(database, "collector run", address):
            yield
        server.shutdown(socket.SHUT_RDWR)
        thread.join(5)


@contextmanager
def holding(database: Path, what: str, address: Path | None = None) -> Iterator[None]:
    """Hold the lock of ``database`` until the end of the block."""
    lock = InstanceLock(database)
    lock.acquire(what, address)
    try:
        yield
    finally:
        lock.release()


def _serve(server: socket.socket, line: bytes) -> None:
    while True:
        try:
            client, _ = server.accept()
        except OSError:
            return
        with client:
            client.recv(65536)
            client.sendall(line)
