"""Retention goes by a clock that was set wrong, and by the same when it is right again."""

from __future__ import annotations

import time
from contextlib import nullcontext

from collector.store.retention.names import WALL
from collector.tidying import SECONDS
from tests.faults.ground import Ground
from tests.faults.row import Round, fault
from tests.faults.rows import clock_jumps
from tests.faults.rows.clock_jumps import CLOSE_MS, CONFIG, HOUR_S
from tests.faults.ticks import until

JUMPS_S = sorted((jump for jump in clock_jumps.JUMPS_S if abs(jump) >= HOUR_S), reverse=True)
# A clock that is up to a day ahead is believed at once (decision 14), so an hour more than that.
AGES = 'samples = "25h"\nruns = "25h"\nreported = "25h"\nfive_minutes = "25h"\nhours = "25h"'
BEFORE_MS = 300
SAMPLES = "SELECT timestamp FROM cpu_samples"


@fault("clock-retention", "retention while the clock is wrong, and after", quick=1, full=8)
def run(ground: Ground, number: int) -> Round:
    """By a clock that is behind all that is recorded meanwhile is old: then nobody sends."""
    jump_s = JUMPS_S[number % len(JUMPS_S)]
    ground.victim.configure(f"{CONFIG}\n[retention]\n{AGES}\n")
    ground.victim.start(ground.shim)
    with ground.load(batches_per_s=20):
        ground.ledger.wait_for(acknowledged=100)
        until(lambda: ground.victim.rows(SAMPLES), "a sample")
    before = set(ground.victim.rows(SAMPLES))
    with ground.load(batches_per_s=20) if jump_s > 0 else nullcontext():
        tidied(ground, jump_s)
    tidied(ground, 0)
    gone = before - set(ground.victim.rows(SAMPLES))
    assert not gone, f"{len(gone)} young samples went after a jump by {jump_s:+,} s"
    return Round(ground.judge(), figures={"young rows gone": len(gone)})


def tidied(ground: Ground, ahead_s: int) -> None:
    """Set the clock so far ahead that retention is due just then, and wait until it has been."""
    wrong_ms = time.time_ns() // 1_000_000 + ahead_s * 1000
    ahead_ms = ahead_s * 1000 + -(wrong_ms + BEFORE_MS) % round(SECONDS * 1000)
    ground.shim.shift_clock(ahead_ms)

    def looked() -> bool:
        shown_ms = time.time_ns() // 1_000_000 + ahead_ms
        sql = "SELECT position FROM upkeep_positions WHERE name = ?"
        return any(abs(shown_ms - at) < CLOSE_MS for (at,) in ground.victim.rows(sql, WALL))

    until(looked, "retention after a jump")
