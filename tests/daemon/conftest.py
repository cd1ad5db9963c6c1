"""Starts real daemons as processes, the way systemd would, and waits for what they say."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from collector.orm import select
from collector.store.database import open_reader


class Recorder:
    """A daemon on a database and config of its own in ``folder``."""

    def __init__(self, folder: Path, notify_folder: str) -> None:
        self.folder = folder
        self.database = folder / "c.db"
        self.config = folder / "c.toml"
        self.log = folder / "log"
        self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notify.bind(f"{notify_folder}/notify")
        self.notify.settimeout(20)
        self._environment = {**os.environ, "NOTIFY_SOCKET": f"{notify_folder}/notify"}
        self.process: subprocess.Popen[bytes] | None = None

    def configure(self, settings: str = '[sampling]\nevery = "1s"\n') -> None:
        self.config.write_text(f'[collector]\ndatabase = "{self.database}"\n{settings}', encoding="utf-8")

    def start(self, **environment: str) -> None:
        """Start and wait for READY."""
        with self.log.open("ab") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "collector", "run", "--config", str(self.config)],
                env={**self._environment, **environment}, stderr=out, stdout=out,
            )  # fmt: skip
        self.wait_for(b"READY=1")

    def wait_for(self, word: bytes) -> list[bytes]:
        """Read notifications until one holds ``word``; all that came."""
        came = [self.notify.recv(4096)]
        while word not in came[-1]:
            came.append(self.notify.recv(4096))
        return came

    def wait_for_event(
        self, name: str, like: Callable[[dict[str, Any]], bool] = lambda _: True
    ) -> dict[str, Any]:
        """Follow the log until such an event of that name is in it."""
        with subprocess.Popen(
            ["tail", "-n", "+1", "-F", "--quiet", str(self.log)],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        ) as tail:  # fmt: skip
            assert tail.stdout is not None
            for line in tail.stdout:
                found: dict[str, Any] = json.loads(line) if line.startswith(b"{") else {}
                if found.get("event") == name and like(found):
                    tail.kill()
                    return found
        raise AssertionError(f"the log ended without {name}")

    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{")]

    def send(self, number: int) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def stop(self, number: int = signal.SIGTERM, timeout: float = 15.0) -> int:
        """Send a signal and wait for the end; the exit status."""
        assert self.process is not None
        self.send(number)
        return self.process.wait(timeout)

    def rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        reader = open_reader(self.database)
        try:
            return select(reader, sql, *values)
        finally:
            reader.close()

    def end(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait(10)
        self.notify.close()


@pytest.fixture
def recorder(tmp_path: Path) -> Iterator[Recorder]:
    """A daemon, not yet started; whatever is left of it is killed at the end."""
    with tempfile.TemporaryDirectory() as notify_folder:
        made = Recorder(tmp_path, notify_folder)
        made.configure()
        yield made
        made.end()


@pytest.fixture
def collector(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs the command line as a process of its own."""

    def call(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "collector", *map(str, arguments)],
            capture_output=True, text=True, timeout=30, cwd=tmp_path, check=False,
        )  # fmt: skip

    return call
