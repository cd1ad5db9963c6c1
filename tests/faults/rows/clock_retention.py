"""Retention goes by a clock that was set wrong, and by the same when it is right again."""

from __future__ import annotations

import time
from contextlib import nullcontext, suppress
from functools import partial

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
BEFORE_MS = 500
ATTEMPTS, ATTEMPT_SECONDS = 6, 5.0
# A round of retention is some fifty steps of the writer, which does one after each commit.
STEPS = 100
SAMPLES = "SELECT timestamp FROM cpu_samples"


@fault(
    "clock-retention",
    "retention while the clock is wrong, and after",
    quick=1,
    full=8,
    bars={"young rows gone": 0},
)
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
        if jump_s > 0:
            through_the_round(ground)
    tidied(ground, 0)
    through_the_round(ground)
    gone = before - set(ground.victim.rows(SAMPLES))
    assert not gone, f"{len(gone)} young samples went after a jump by {jump_s:+,} s"
    return Round(ground.judge(), figures={"young rows gone": len(gone)})


def tidied(ground: Ground, ahead_s: int) -> None:
    """Set the clock so far ahead that retention is due just then, and wait until it has been.

    Where the daemon notices the jump only after that moment, the clock is set once more.
    """
    for _ in range(ATTEMPTS):
        wrong_ms = time.time_ns() // 1_000_000 + ahead_s * 1000
        ahead_ms = ahead_s * 1000 + -(wrong_ms + BEFORE_MS) % round(SECONDS * 1000)
        ground.shim.shift_clock(ahead_ms)
        with suppress(TimeoutError):
            until(partial(was_tidied, ground, ahead_ms), "retention", ATTEMPT_SECONDS)
            return
    raise TimeoutError(f"no retention after a jump by {ahead_s:+,} s")


def was_tidied(ground: Ground, ahead_ms: int) -> bool:
    """Whether retention has gone by the clock as it is now."""
    shown_ms = time.time_ns() // 1_000_000 + ahead_ms
    sql = "SELECT position FROM upkeep_positions WHERE name = ?"
    return any(abs(shown_ms - at) < CLOSE_MS for (at,) in ground.victim.rows(sql, WALL))


def through_the_round(ground: Ground) -> None:
    """Let the writer come to all that retention asks for."""
    for _ in range(STEPS):
        ground.probe()
