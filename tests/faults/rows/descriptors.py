"""The daemon runs out of descriptors: by clients that stay and say nothing, or by a limit below its need."""

from __future__ import annotations

import os
import resource
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from pathlib import Path

from collector.client.line import short
from tests.faults.ground import Ground
from tests.faults.row import Round, fault
from tests.faults.ticks import Ticks

FEW = 64
SAMPLING = '[sampling]\nevery = "200ms"\non_battery = "200ms"\n'
HOLD_SECONDS = 1.0


@fault("descriptors", "no descriptor is left for a while", quick=1, full=20)
def run(ground: Ground, number: int) -> Round:
    """It stays up, and afterwards all works. Silent clients alone do not stop the samples."""
    is_limit = number % 2 == 1
    ground.victim.configure(SAMPLING)
    ground.victim.start(prefix=() if is_limit else ("prlimit", f"--nofile={FEW}:{FEW}"))
    with ground.load(batches_per_s=20), Ticks(ground.victim) as ticks:
        ticks.wait_for_more(2)
        with below_the_need(ground) if is_limit else nullcontext(), silent_clients(ground):
            before_s = busy_s(ground)
            # The fault lasts so long.
            threading.Event().wait(HOLD_SECONDS)
            busy = 100 * (busy_s(ground) - before_s) / HOLD_SECONDS
            if not is_limit:
                ticks.wait_for_more(2)
            began = time.monotonic()
        recovery_s = ground.probe() - began
        ticks.wait_for_more(2)
    return Round(ground.judge(), recovery_s, {"processor meanwhile, %": busy})


@contextmanager
def silent_clients(ground: Ground) -> Iterator[None]:
    """Three times as many as there can be."""
    with ExitStack() as idle, short(ground.victim.socket) as address:
        for _ in range(3 * FEW):
            client = idle.enter_context(socket.socket(socket.AF_UNIX))
            client.connect(address)
        yield


@contextmanager
def below_the_need(ground: Ground) -> Iterator[None]:
    """Not one more than are open just now, and some fewer."""
    pid = ground.victim.running.pid
    before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (open_files(pid) - 2, before[1]))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_NOFILE, before)


def open_files(pid: int) -> int:
    """How many descriptors a process has."""
    return sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())


def busy_s(ground: Ground) -> float:
    """Processor time of the daemon so far, in seconds; source: proc_pid_stat(5)."""
    fields = Path(f"/proc/{ground.victim.running.pid}/stat").read_text().rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
