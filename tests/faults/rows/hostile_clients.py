"""Hostile clients of all kinds at once: a good one is answered as ever, and nothing of them is left."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from collector.client.line import Line, Unreachable
from tests.faults.clients import as_json, made
from tests.faults.footprint import footprint
from tests.faults.ground import Ground
from tests.faults.ledger import Told
from tests.faults.row import Figure, Round, fault
from tests.faults.ticks import until

A_BATCH = 5
PAUSE_SECONDS = 0.005
WAIT_SECONDS = 30.0
SHORT_S, LONG_S = 0.9, 30.0
FEW, MANY = 100, 1_000


@fault(
    "hostile-clients", "all hostile clients at once, beside a good one", quick=1, full=6, bars={"p99 ms": 50}
)
def run(ground: Ground, number: int) -> Round:
    """The first round is short, and has fewer idle connections."""
    victim = ground.victim
    victim.start()
    ground.probe()
    pid = victim.running.pid
    before, good = footprint(pid), Good(ground)
    with good.at_work(), hostile(ground, MANY if number else FEW) as done:
        good.forget()  # how it went before they came
        threading.Event().wait(LONG_S if number else SHORT_S)  # so long it goes on
        most = footprint(pid)
        figures = good.figures()
    ended = time.monotonic()
    until(lambda: footprint(pid).descriptors <= before.descriptors, "the descriptors are back")
    recovery_s = ground.probe() - ended
    after = footprint(pid)
    figures |= {
        "turned away": done.pop("turned_away"), "attacks": sum(done.values()),
        "MB grown": most.grown_mb(before), "MB left": after.grown_mb(before),
        "descriptors": most.descriptors, "threads more": after.threads - before.threads,
    }  # fmt: skip
    return Round(ground.judge(), recovery_s, figures)


@contextmanager
def hostile(ground: Ground, idle: int) -> Iterator[dict[str, int]]:
    """They are at work on the victim's socket, in a process of their own; at the end, how often each was."""
    done: dict[str, int] = {}
    command = [
        sys.executable,
        "-m",
        "tests.faults.hostile",
        str(ground.victim.socket),
        str(idle),
        str(ground.seed),
    ]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdout.readline()
            yield done
        finally:
            process.stdin.close()
            done |= json.loads(process.stdout.read() or "{}")
            process.wait(WAIT_SECONDS)


class Good:
    """One client that sends a batch, waits for its answer, and notes how long that took."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._sequence = self._broken = self._busy = 0
        self._answers_ms: list[float] = []
        self._again: Told | None = None
        self._stopping = threading.Event()

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Connected before the others are; whatever happens to its connection, it goes on."""
        thread = threading.Thread(target=self._work, name="good", daemon=True)
        thread.start()
        try:
            self._ground.ledger.wait_for_more(1)
            yield
        finally:
            self._stopping.set()
            thread.join(WAIT_SECONDS)

    def forget(self) -> None:
        """Begin the figures anew."""
        self._answers_ms, self._broken, self._busy = [], 0, 0

    def figures(self) -> dict[str, Figure]:
        """How long the answers took so far, the one that is waited for included, and what else it met."""
        times = sorted([*self._answers_ms, (time.perf_counter() - self._began) * 1000])
        return {
            "answers": len(times), "p99 ms": times[len(times) * 99 // 100], "longest ms": times[-1],
            "broken": self._broken, "busy": self._busy,
        }  # fmt: skip

    def _work(self) -> None:
        while not self._stopping.is_set():
            try:
                with Line(self._ground.victim.socket, WAIT_SECONDS) as line:
                    while not self._stopping.wait(PAUSE_SECONDS):
                        self._send_one(line)
            except Unreachable:
                self._broken += 1

    def _send_one(self, line: Line) -> None:
        batch = self._again = self._again or self._next()
        self._ground.ledger.attempted(batch)
        self._began = time.perf_counter()
        answer = line.ask([as_json(record) for record in batch.records])
        self._ground.ledger.answered(batch, answer)
        if answer["result"] == "busy":
            self._busy += 1
        else:
            self._again = None
            self._answers_ms.append((time.perf_counter() - self._began) * 1000)

    def _next(self) -> Told:
        self._sequence += 1
        return self._ground.ledger.sent(made("good", self._sequence, A_BATCH))
