"""Where one round happens: a folder, a daemon, its clients and their ledger, all gone at the end."""

from __future__ import annotations

import os
import random
import subprocess
import tempfile
import threading
import time
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any

from collector.client.line import Line, Unreachable
from tests.faults.allowance import Allowance
from tests.faults.checker import Verdict, judge
from tests.faults.clients import Load, as_json, made
from tests.faults.ledger import Ledger, Told
from tests.faults.shim import NoCompiler, Shim
from tests.faults.victim import WAIT_SECONDS, Died, Victim

_RETRY_SECONDS = 0.02


class Skipped(Exception):
    """This row cannot run here, and why."""


class Ground:
    """``data`` holds the database and may be a file system of its own; ``own`` holds what must not be harmed.

    Whatever is random in a round comes from ``random``, so that the same seed makes the same round.
    """

    def __init__(self, name: str, allowance: Allowance | None = None) -> None:
        self._allowance = allowance or Allowance()
        self.seed = zlib.crc32(name.encode())
        self.random = random.Random(self.seed)
        self._undone = ExitStack()
        self._probes = self._loads = 0

    def __enter__(self) -> Ground:
        # A short path: a socket's address has 107 bytes.
        made = self._undone.enter_context(tempfile.TemporaryDirectory(prefix="faults-"))
        self.folder = Path(made).resolve()
        self.data, self.own = self.folder / "data", self.folder / "own"
        self.data.mkdir()
        self.own.mkdir(mode=0o700)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._undone.close()

    @cached_property
    def victim(self) -> Victim:
        """The daemon, not yet started; whatever is left of it is killed at the end."""
        made = Victim(self.data, self.own)
        self._undone.callback(made.close)
        return made

    @cached_property
    def ledger(self) -> Ledger:
        """The books of all clients of this round."""
        return Ledger()

    @cached_property
    def shim(self) -> Shim:
        """For `victim.start`: what the database and its companions meet. Skips where there is no compiler."""
        try:
            return Shim(self.own, self.data / "c.db")
        except NoCompiler as reason:
            raise Skipped(str(reason)) from reason

    def numbers(self, count: int) -> Iterator[int]:
        """0, 1, … so many of them, or fewer where the time for them is over; there is always a first."""
        for number in range(count):
            if number and self._allowance.is_over():
                return
            yield number

    def load(self, clients: int = 4, **options: Any) -> Load:
        """Clients at work on the victim, in a ``with``; options as `Load` has them. No two share a source."""
        self._loads += 1
        options = {"seed": self.seed, "name": f"load{self._loads}-", **options}
        return Load(self.victim.socket, self.ledger, clients, **options)

    def tmpfs(self, size_bytes: int, folder: Path | None = None) -> None:
        """Let ``data`` be a file system of that size; call it again to resize. Skips who may not mount."""
        folder = folder or self.data
        options = f"mode=700,size={size_bytes}" + (",remount" if os.path.ismount(folder) else "")
        self.run_as_root("mount", "-t", "tmpfs", "-o", options, "faults", str(folder))
        if "remount" not in options:
            self._undone.callback(subprocess.run, ["umount", "-l", str(folder)], check=True)

    def run_as_root(self, *command: str) -> None:
        """Run a command that only root may; who is not, or is refused, skips the row."""
        if os.geteuid():
            raise Skipped(f"only root may {command[0]}")
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise Skipped(f"{' '.join(command)}: {done.stderr.strip()}")

    def probe(self, seconds: float = 30.0) -> float:
        """Send one batch, again and again until it is committed; the moment of that, monotonic.

        Raises TimeoutError.
        """
        self._probes += 1
        batch = self.ledger.sent(made("probe", self._probes, 3))
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            with suppress(Unreachable), Line(self.victim.socket, seconds) as line:
                self._ask(line, batch)
            if batch.fate == "acknowledged":
                return time.monotonic()
            threading.Event().wait(_RETRY_SECONDS)
        raise TimeoutError(f"nothing was committed in {seconds:.0f} s: {self.victim.log_end()}")

    def send(self, source: str, batches: int) -> None:
        """So many batches, of 3, 6, … records, each when the one before it is answered.

        Raises Unreachable and ValueError as `Line` does.
        """
        with Line(self.victim.socket, WAIT_SECONDS) as line:
            for sequence in range(1, batches + 1):
                self._ask(line, self.ledger.sent(made(source, sequence, 3 * sequence)))

    def recover(self) -> float:
        """Start the daemon without a fault; seconds until it has committed what a client sent."""
        self.victim.start()
        return self.probe() - self.victim.started

    def judge(self, *aside: Path) -> Verdict:
        """End the daemon in order, if it still runs, and compare the ledger with the files."""
        counters = None
        if self.victim.process is not None and self.victim.process.poll() is None:
            counters = self.victim.counters()
            status = self.victim.stop()
            if status:
                raise Died(f"it ended with status {status}: {self.victim.log_end()}")
        return judge(self.ledger, [self.victim.database, *aside], counters)

    def _ask(self, line: Line, batch: Told) -> None:
        self.ledger.attempted(batch)
        self.ledger.answered(batch, line.ask([as_json(record) for record in batch.records]))
