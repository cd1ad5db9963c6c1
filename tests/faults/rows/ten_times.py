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
MEASURED_LINES = 3
LOOK_SECONDS = 0.02
SAMPLED = "SELECT timestamp FROM cpu_samples WHERE timestamp BETWEEN ? AND ? ORDER BY timestamp"
INTERVAL_MS = 1_000  # of sampling, as the victim is configured
# 20,000 records in Python's objects, and for each connection its lines as they come in and its answers.
MOST_GROWN_MB = 192.0


@dataclass(frozen=True, slots=True)
class Way:
    """How much longer each sync takes, how many clients there are, for how long, and how many lines each has.

    64 connections are taken at all. A client is told `busy` after a second without room.
    """

    sync_s: float
    clients: int
    seconds: float
    most: int | None = None


SHORT = Way(1.4, 18, 1.3, most=1)
LONG = [Way(2.5, 40, 20.0), Way(0.0, 56, 20.0), Way(0.05, 56, 20.0), Way(0.5, 56, 20.0)]


class Unbounded(Exception):
    """More waits or is held than may, or something was pushed out."""


@fault("ten-times", "clients offer ten times what the writer takes", quick=1, full=13)
def run(ground: Ground, number: int) -> Round:
    """Two clients that wait for their answers are at work before, meanwhile and after."""
    victim = ground.victim
    victim.start(ground.shim)
    way = LONG[number % len(LONG)] if number else SHORT
    with ground.load(2), Line(victim.socket, 60) as line:
        per_s = sustainable(ground)
        watch = Watch(victim.running.pid, line)
        with crowd(ground, "eager", way.clients, records_per_s=TIMES * per_s, most=way.most) as eager:
            with SlowDisk(ground.shim, way.sync_s):
                watch.look_for(way.seconds)
            eager.stop()
        recovery_s = -time.monotonic() + ground.probe()
        figures: dict[str, Figure] = {"sustainable/s": per_s, "busy": eager.answers["busy"], **watch.end()}
    figures["missed samples"] = missed_samples(ground, watch)
    return Round(ground.judge(), recovery_s, figures)


def crowd(ground: Ground, name: str, clients: int, **options: Any) -> Crowd:
    """Clients that do not wait for answers, with a thousand records in each line."""
    return Crowd(ground.victim.socket, ground.ledger, name, clients, A_LINE, **options)


def sustainable(ground: Ground) -> float:
    """Records a second that are committed while one client sends line after line and the disk is as it is."""
    began = time.monotonic()
    with crowd(ground, "measure", 1, most=MEASURED_LINES):
        pass
    return MEASURED_LINES * A_LINE / (time.monotonic() - began)


def missed_samples(ground: Ground, watch: Watch) -> int:
    """How many of our own samples are missing in the longest pause between two."""
    found = [at for (at,) in ground.victim.rows(SAMPLED, watch.began_ms, watch.ended_ms)]
    pauses = [after - before for before, after in pairwise([watch.began_ms, *found, watch.ended_ms])]
    return max(0, round(max(pauses) / INTERVAL_MS) - 1)


class Watch:
    """What the daemon says of itself meanwhile, and what the kernel says of its memory."""

    def __init__(self, pid: int, line: Line) -> None:
        self._pid, self._line = pid, line
        self._before, self._first = footprint(pid), self._asked()
        self._most_queued, self._most_grown_mb = 0, 0.0
        self._began = time.monotonic()
        self.began_ms = self.ended_ms = time.time_ns() // 1_000_000

    def look_for(self, seconds: float) -> None:
        """Look, again and again, for so long. Raises Unbounded."""
        while time.monotonic() < self._began + seconds:
            self.look()
            threading.Event().wait(LOOK_SECONDS)  # nobody tells when it is most

    def look(self) -> dict[str, int]:
        """The counters now. Raises Unbounded."""
        counters, grown_mb = self._asked(), footprint(self._pid).grown_mb(self._before)
        self._most_queued = max(self._most_queued, counters["queued"])
        self._most_grown_mb = max(self._most_grown_mb, grown_mb)
        if counters["queued"] > Limits().records or counters["dropped"] or grown_mb > MOST_GROWN_MB:
            raise Unbounded(f"{grown_mb:.0f} MB more than before, and {counters}")
        return counters

    def end(self) -> dict[str, Figure]:
        """All is over: the most of each, what was committed, and what is left. Raises Unbounded."""
        self.ended_ms, seconds = time.time_ns() // 1_000_000, time.monotonic() - self._began
        committed = self.look()["committed"] - self._first["committed"]
        return {
            "committed/s": committed / seconds, "most queued": self._most_queued,
            "MB grown": self._most_grown_mb, "MB left": footprint(self._pid).grown_mb(self._before),
        }  # fmt: skip

    def _asked(self) -> dict[str, int]:
        counters: dict[str, int] = self._line.ask({"ask": "status"})["counters"]
        return counters
