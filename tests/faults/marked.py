"""Processes that a row has the daemon start: all carry a mark in their environment, wherever they go."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from types import TracebackType

from tests.faults.ground import Ground
from tests.faults.ticks import until

NAME = "FAULTS_MARK"
PATIENCE_SECONDS = 20.0
GONE_BAR = {"gone after the time-out, s": 3}  # the promise
LAST_RUN = (
    "SELECT max(timestamp) FROM workload_runs"
    " WHERE workload_kind = 'command' AND outcome NOT IN ('overlapped', 'missed')"
)


class Marked:
    """Those of one round, in a ``with``; whatever is left of them at the end is killed."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self.variable = f"{NAME}={os.getpid()}-{ground.seed}-{time.monotonic_ns()}"

    def __enter__(self) -> Marked:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ground.victim.kill()
        end = time.monotonic() + PATIENCE_SECONDS
        while (left := self.pids()) and time.monotonic() < end:
            for pid in left:
                _kill(pid)

    def pids(self) -> set[int]:
        """Those that live now, the runners of the recorder not among them."""
        word = self.variable.encode()
        folders = (entry for entry in Path("/proc").iterdir() if entry.name.isdigit())
        return {int(folder.name) for folder in folders if word in _environment(folder)}

    def workload(self, name: str, argv: list[str], timeout_s: float, every: str = "1s") -> str:
        """A workload as the config has it."""
        words = ", ".join(f"'''{word}'''" for word in argv)
        return (
            f'[[workloads]]\nname = "{name}"\nkind = "command"\nargv = [{words}]\nevery = "{every}"\n'
            f'timeout = "{timeout_s:g}s"\nenv = ["{self.variable}"]\n'
        )

    def begun_once(self, config: str, count: int = 1) -> None:
        """Wait for so many processes, then let no other run begin. ``config`` has no workloads."""
        victim = self._ground.victim
        until(lambda: len(self.pids()) >= count, f"{count} processes")
        victim.configure(config)
        victim.running.send_signal(signal.SIGHUP)
        victim.wait_for_event("config.reloaded")

    def wait_gone(self) -> int:
        """Wait until none is left; when that was, in ms since the epoch."""
        until(lambda: not self.pids(), "the end of all that was started")
        return time.time_ns() // 1_000_000

    def late_s(self, gone_ms: int, timeout_s: float) -> float:
        """How long after its time-out the last run was gone; the daemon has to have ended."""
        ((began_ms,),) = self._ground.victim.rows(LAST_RUN)
        return float((gone_ms - began_ms) / 1000 - timeout_s)

    def none_is_left(self) -> None:
        """Complain of any that outlived the daemon."""
        if left := self.pids():
            shown = {pid: Path(f"/proc/{pid}/cmdline").read_bytes()[:60] for pid in left}
            raise AssertionError(f"left after the daemon's end: {shown}")


def _environment(folder: Path) -> list[bytes]:
    try:
        return (folder / "environ").read_bytes().split(b"\0")
    except OSError:
        return []  # it has ended, or is somebody else's


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return  # it was quicker
