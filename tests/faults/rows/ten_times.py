"""Ten times as much as the writer can take: it keeps within its bounds, says `busy`, and loses nothing."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from collector.client.line import Line
from collector.store.buffer import Limits
from tests.faults.eager import Crowd
from tests.faults.footprint import footprint
from tests.faults.ground import Ground
from tests.faults.row import Figure, Round, fault
from tests.faults.slow_disk import SlowDisk

TIMES = 10
A_LINE = 1_000
MEASURED_LINES = 5
LOOK_SECONDS = 0.02
SAMPLED = "SELECT timestamp FROM cpu_samples WHERE timestamp BETWEEN ? AND ? ORDER BY timestamp"
INTERVAL_MS = 1_000  # of sampling, as the victim is configured
# 20,000 records in Python's objects, and for each connection its lines as they come in and its answers.
MOST_GROWN_MB = 192.0


@dataclass(frozen=True, slots=True)
class Way:
    """How much longer each sync takes, how many clients there are, and for how long.

    64 connections are taken at all. A client is told `busy` after a second without room.
    """

    sync_s: float
    clients: int
    seconds: float


SHORT = Way(1.4, 18, 1.3)
LONG = [Way(2.5, 40, 20.0), Way(0.0, 56, 20.0), Way(0.05, 56, 20.0), Way(0.5, 56, 20.0)]


class Unbounded(Exception):
    """More waits or is held than may, or something was pushed out."""


@fault("ten-times", "clients offer ten times what the writer takes", quick=1, full=13)
def run(ground: Ground, number: int) -> Round:
    """Two clients that wait for their answers are at work before, meanwhile and after."""
    victim = ground.victim
    victim.start(ground.shim)
    way = LONG[number % len(LONG)] if number else SHORT
    with ground.load(2) as patient, Line(victim.socket, 60) as line:
        per_s = sustainable(ground)
        watch = Watch(victim.running.pid, line)
        with Crowd(victim.socket, ground.ledger, "eager", way.clients, A_LINE, TIMES * per_s) as crowd:
            with SlowDisk(ground.shim, way.sync_s):
                watch.look_for(way.seconds)
            crowd.stop()
        watch.end()
        recovery_s = ground.probe() - watch.ended
        patient.stop()
    check(watch)
    figures = {
        "sustainable/s": per_s, "committed/s": watch.committed_per_s, "busy": crowd.answers["busy"],
        "missed samples": missed(ground, watch), **watch.figures(),
    }  # fmt: skip
    return Round(ground.judge(), recovery_s, figures)


def sustainable(ground: Ground) -> float:
    """Records a second that are committed when one client sends line after line, without a fault."""
    began = time.monotonic()
    with Crowd(ground.victim.socket, ground.ledger, "measure", 1, A_LINE, None, MEASURED_LINES) as crowd:
        crowd.join()
    return MEASURED_LINES * A_LINE / (time.monotonic() - began)


class Watch:
    """What the daemon says of itself meanwhile; its memory is looked at from outside."""

    def __init__(self, pid: int, line: Line) -> None:
        self._pid, self._line = pid, line
        self._before = self._after = footprint(pid)
        self.counters = self._first = self._asked()
        self.most_queued = 0
        self.most_grown_mb = 0.0
        self.began_ms = time.time_ns() // 1_000_000
        self.began = self.ended = time.monotonic()

    def look_for(self, seconds: float) -> None:
        """Look, again and again, for so long."""
        while time.monotonic() < self.began + seconds:
            self._look()
            threading.Event().wait(LOOK_SECONDS)  # nobody tells when it is most
        self.committed_per_s = ...

    def _look(self) -> None:
        self.counters = self._asked()
        self.most_queued = max(self.most_queued, self.counters["queued"])
        self.most_grown_mb = max(self.most_grown_mb, footprint(self._pid).grown_mb(self._before))

    def _asked(self) -> dict[str, int]:
        counters: dict[str, int] = self._line.ask({"ask": "status"})["counters"]
        return counters
