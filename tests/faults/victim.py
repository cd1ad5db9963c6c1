"""A real daemon as a process, started as systemd would start it, on files that faults are done to."""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from collector.client.line import Line
from collector.orm import select as select_rows
from collector.store.database import open_reader
from tests.faults.shim import Shim

WAIT_SECONDS = 30.0
UNIT = {"MALLOC_ARENA_MAX": "1"}  # as the units have it
SAMPLING = '[sampling]\nevery = "1s"\n'


class Died(Exception):
    """The daemon ended instead of doing what was waited for; says how, with the end of its log."""


class Victim:
    """A daemon whose database lies in ``folder``; what must not be harmed (config, log) lies in ``own``."""

    def __init__(self, folder: Path, own: Path) -> None:
        self.folder = folder
        self.database = folder / "c.db"
        self.socket = own / "c.sock"
        self.config = own / "c.toml"
        self.log = own / "log"
        self.process: subprocess.Popen[bytes] | None = None
        self.started = 0.0  # monotonic
        self._said = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._said.bind(str(own / "notify"))
        self._own = own
        self.configure()

    def configure(self, extra: str = SAMPLING, durability: str = "full") -> None:
        """Write the config; ``extra`` is the TOML of all sections but the first."""
        self.config.write_text(
            f'[collector]\ndatabase = "{self.database}"\nsocket = "{self.socket}"\n'
            f'durability = "{durability}"\n{extra}',
            encoding="utf-8",
        )

    def start(
        self, shim: Shim | None = None, prefix: Sequence[str] = (),
        environment: Mapping[str, str] | None = None, *, wait: bool = True,
    ) -> float:  # fmt: skip
        """Start, by way of the command ``prefix`` if there is one; seconds until READY.

        Raises Died where it ends before that. ``wait=False`` leaves the waiting to `wait_ready`.
        """
        self._forget()
        # By way of env, so that the shim gets under the daemon alone and not under the prefix.
        under = ["env", *(f"{name}={value}" for name, value in shim.environment().items())] if shim else []
        self.started = time.monotonic()
        with self.log.open("ab") as out:
            self.process = subprocess.Popen(
                [*prefix, *under, sys.executable, "-m", "collector", "run", "--config", str(self.config)],
                env={**os.environ, **UNIT, "NOTIFY_SOCKET": str(self._own / "notify"), **(environment or {})},
                stdin=subprocess.DEVNULL, stdout=out, stderr=out,
            )  # fmt: skip
        return self.wait_ready() if wait else 0.0

    def wait_ready(self) -> float:
        """Wait for READY; seconds from the start to it. Raises Died."""
        self.wait_for(b"READY=1")
        return time.monotonic() - self.started

    def wait_for(self, word: bytes, seconds: float = WAIT_SECONDS) -> None:
        """Read what it tells the service manager until ``word`` is in it. Raises Died, or TimeoutError."""
        until = time.monotonic() + seconds
        handle = os.pidfd_open(self.running.pid)
        try:
            while (left := until - time.monotonic()) > 0:
                waited: list[Any] = [self._said, handle]
                came = select.select(waited, [], [], left)[0]
                if self._said in came:
                    if word in self._said.recv(4096):
                        return
                elif came:
                    raise Died(f"exit status {self.running.wait()}; its log ends with: {self.log_end()}")
        finally:
            os.close(handle)
        raise TimeoutError(f"no {word.decode()} in {seconds:.0f} s; the log ends with: {self.log_end()}")

    @property
    def running(self) -> subprocess.Popen[bytes]:
        """Its process, which may have ended. Raises Died where it was never started."""
        if self.process is None:
            raise Died("it was never started")
        return self.process

    def wait_end(self, seconds: float = WAIT_SECONDS) -> int:
        """Wait for its end; the exit status, below 0 for a signal. Raises subprocess.TimeoutExpired."""
        return self.running.wait(seconds)

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send a signal and wait for the end; the exit status."""
        self.running.send_signal(number)
        return self.wait_end()

    def kill(self) -> None:
        """End it as `kill -9` does, if it still runs."""
        if self.process is not None:
            self.process.kill()
            self.process.wait(WAIT_SECONDS)

    def restart(self, shim: Shim | None = None) -> float:
        """Kill it and start anew; seconds until READY."""
        self.kill()
        return self.start(shim)

    def status(self, seconds: float = 10.0) -> dict[str, Any]:
        """What it answers when asked for its status. Raises Unreachable."""
        with Line(self.socket, seconds) as line:
            return line.ask({"ask": "status"})

    def counters(self) -> dict[str, int]:
        """Received, committed, duplicate, rejected, dropped, queued: of one moment."""
        counters: dict[str, int] = self.status()["counters"]
        return counters

    def rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """What the file answers to ``sql``, whether the daemon runs or not."""
        with closing(open_reader(self.database)) as reader:
            found: list[tuple[Any, ...]] = select_rows(reader, sql, *values)
            return found

    def events(self, name: str | None = None) -> list[dict[str, Any]]:
        """The events in its log so far, all or those of one name."""
        lines = self.log.read_text(errors="replace").splitlines() if self.log.exists() else []
        found = [json.loads(line) for line in lines if line.startswith("{") and line.endswith("}")]
        return [event for event in found if name in (None, event.get("event"))]

    def wait_for_event(
        self, name: str, like: Callable[[dict[str, Any]], bool] = lambda _: True, seconds: float = 30.0
    ) -> dict[str, Any]:
        """Follow the log, from its beginning, to such an event. Raises TimeoutError."""
        command = ["timeout", str(seconds), "tail", "-n", "+1", "-F", "--quiet", str(self.log)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as tail:
            assert tail.stdout is not None
            for line in tail.stdout:
                found: dict[str, Any] = json.loads(line) if line.startswith(b"{") else {}
                if found.get("event") == name and like(found):
                    tail.terminate()
                    return found
        raise TimeoutError(f"no {name} in {seconds:.0f} s; the log ends with: {self.log_end()}")

    def log_end(self) -> str:
        """The last two lines of the log."""
        return " | ".join(self.log.read_text(errors="replace").splitlines()[-2:])

    def close(self) -> None:
        """Kill what is left of it."""
        self.kill()
        self._said.close()

    def _forget(self) -> None:
        """What an earlier process said is no answer of the next."""
        while select.select([self._said], [], [], 0)[0]:
            self._said.recv(4096)
