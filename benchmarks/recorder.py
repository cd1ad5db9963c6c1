"""Starts the real daemon for the other benchmarks, as systemd would, and waits for its READY."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass
class Recorder:
    """A running daemon; ``ready_ms`` is the time from its start to READY."""

    process: subprocess.Popen[bytes]
    database: Path
    ready_ms: float


@contextmanager
def recorder(folder: Path, settings: str = "") -> Iterator[Recorder]:
    """Run the daemon with a config of ``settings`` on a database in ``folder``; stopped at the end."""
    database, config = folder / "bench.db", folder / "bench.toml"
    config.write_text(f'[collector]\ndatabase = "{database}"\n{settings}', encoding="utf-8")
    with tempfile.TemporaryDirectory() as place, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
        notify.bind(f"{place}/notify")
        notify.settimeout(30)
        start = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, "-m", "collector", "run", "--config", str(config)],
            env={**os.environ, "NOTIFY_SOCKET": f"{place}/notify"}, stderr=(folder / "log").open("wb"),
        )  # fmt: skip
        try:
            while b"READY=1" not in notify.recv(4096):
                pass
            yield Recorder(process, database, (time.perf_counter() - start) * 1000)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(15)
