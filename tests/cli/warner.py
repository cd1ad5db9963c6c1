"""What `collector slow --follow` asks of a recorder, and the command as a process."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from collector.intake.server import Server
from collector.slow import SlowWarnings, Thresholds
from collector.store.buffer import Buffer
from collector.store.lock import InstanceLock


class Warner:
    """What of a recorder is asked: its lock, its socket, its warnings."""

    def __init__(self, database: Path) -> None:
        self.warnings = SlowWarnings(Thresholds({"query": 100.0}))
        self.socket = database.parent / "run" / "c.sock"
        self._lock = InstanceLock(database)
        self._lock.acquire("collector run", self.socket)
        self.go_on()

    def go_on(self) -> None:
        self._server = Server(self.socket, Buffer(), {"slow": self.warnings.asked})
        self._server.start()

    def hang(self) -> None:
        self._server.close()

    def warn(self, name: str, ms: float = 812.0, **more: Any) -> None:
        self.warnings.warn("query", name, name, duration_ms=ms, threshold_ms=100.0, **more)

    def stop(self) -> None:
        self._server.close()
        self._lock.release()


@pytest.fixture
def warner(database: Path) -> Iterator[Warner]:
    """One that was asked nothing yet."""
    made = Warner(database)
    yield made
    made.stop()


@contextmanager
def following(config: Path, *words: str) -> Iterator[subprocess.Popen[str]]:
    """The command as a real process, until the end of the block."""
    with subprocess.Popen(
        [sys.executable, "-m", "collector", "slow", "--follow", *words, "--config", str(config)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as child:  # fmt: skip
        try:
            yield child
        finally:
            child.kill()


def line(child: subprocess.Popen[str]) -> str:
    """The next line that it prints."""
    assert child.stdout is not None
    return child.stdout.readline().rstrip("\n")
