"""The process stands still while time goes on, as a laptop's does: SIGSTOP, some seconds, SIGCONT."""

from __future__ import annotations

import signal
import threading
import time

from tests.faults.ground import Ground
from tests.faults.row import Round, fault
from tests.faults.ticks import Ticks, until

EVERY_S = 0.2
CONFIG = f'[sampling]\nevery = "{EVERY_S}s"\non_battery = "{EVERY_S}s"\n'
STOPPED_S = 2.2  # two seconds are what a busy machine may take, and no hole yet
EARLY_MS = 20  # a timer may wake so much before its time
GAPS = "SELECT from_ms, to_ms FROM gaps WHERE reason IN ('suspend', 'stall') AND to_ms > ?"


@fault("suspend", "SIGSTOP for seconds, then SIGCONT", quick=1, full=20, bars={"to a sample, in 200 ms": 2})
def run(ground: Ground, number: int) -> Round:
    """One hole, no rate across it, and samples again at once."""
    ground.victim.configure(CONFIG)
    ground.victim.start()
    with ground.load(batches_per_s=50), Ticks(ground.victim) as ticks:
        ticks.wait_for_more(2)
        stopped_ms = time.time_ns() // 1_000_000
        ground.victim.running.send_signal(signal.SIGSTOP)
        # The fault lasts so long.
        threading.Event().wait(STOPPED_S + number % 4)
        began = time.monotonic()
        ground.victim.running.send_signal(signal.SIGCONT)
        recovery_s = ground.probe() - began
        until(lambda: ground.victim.rows(GAPS, stopped_ms), "a gap row for the stop")
        ticks.wait_for_more(2)
    waited = after_the_hole(ground, stopped_ms)
    assert waited >= 1 - EARLY_MS / 1000 / EVERY_S, f"a rate {waited:.2f} intervals after the hole crosses it"
    return Round(ground.judge(), recovery_s, {"to a sample, in 200 ms": waited})


def after_the_hole(ground: Ground, stopped_ms: int) -> float:
    """After how many intervals there is a sample; the first reading gives none, since rates need two."""
    ((from_ms, to_ms),) = ground.victim.rows(GAPS, stopped_ms)
    samples = [at for (at,) in ground.victim.rows("SELECT timestamp FROM cpu_samples ORDER BY timestamp")]
    inside = [at for at in samples if from_ms < at <= to_ms]
    assert not inside, f"samples at {inside}, in the hole from {from_ms} to {to_ms}"
    return (min(at for at in samples if at > to_ms) - to_ms) / 1000 / EVERY_S
