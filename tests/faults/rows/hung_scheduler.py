"""The scheduler's thread waits for something that does not come: for a while, or for ever."""

from __future__ import annotations

import time

from tests.faults.ground import Ground
from tests.faults.inside import Inside
from tests.faults.row import Round, fault
from tests.faults.ticks import Ticks
from tests.faults.watched import END_BAR, PATIENT, ends, goes_on, hangs

CONFIG = '[sampling]\nevery = "200ms"\non_battery = "200ms"\n'
HANG = """
scheduler, released = owner("APScheduler"), threading.Event()
turn = scheduler._process_jobs
def never_ready():
    released.wait()
    return turn()
scheduler._process_jobs = never_ready
"""
RELEASE = "released.set()"


@fault("hung-scheduler", "the scheduler's thread hangs, and goes on or not", quick=1, full=20, bars=END_BAR)
def run(ground: Ground, number: int) -> Round:
    """Clients are served meanwhile. Each second time it goes on; otherwise SIGTERM has to end the daemon."""
    goes = number % 2 == 1
    ground.victim.configure(CONFIG)
    with Inside(ground.own) as inside:
        ground.victim.start(environment=PATIENT | inside.environment())
        with ground.load(batches_per_s=50), Ticks(ground.victim) as ticks:
            ground.ledger.wait_for(acknowledged=100)
            inside.do("import threading" + HANG)
            hangs(ground.victim, "scheduler", "APScheduler", " never_ready")
            ground.ledger.wait_for_more(20)
            if goes:
                began = time.monotonic()
                inside.do(RELEASE)
                ticks.wait_for_more(2)
                recovery_s, figures = ground.probe() - began, {}
                goes_on(ground.victim)
            else:
                figures = {"SIGTERM to the end, s": ends(ground.victim)}
                recovery_s = ground.recover()
    return Round(ground.judge(), recovery_s, figures)
