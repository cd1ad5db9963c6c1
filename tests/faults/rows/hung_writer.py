"""The disk takes the writer's sync and does not answer: for a while, or for ever."""

from __future__ import annotations

import time

from tests.faults.ground import Ground
from tests.faults.row import Round, fault
from tests.faults.shim import Calls, Mode
from tests.faults.watched import END_BAR, PATIENT, ends, goes_on, hangs


@fault("hung-writer", "fdatasync hangs, and comes back or not", quick=1, full=20, bars=END_BAR)
def run(ground: Ground, number: int) -> Round:
    """Each second time the disk comes back; otherwise SIGTERM has to end the daemon all the same."""
    comes_back = number % 2 == 0
    ground.victim.start(ground.shim, environment=PATIENT)
    with ground.load():
        ground.ledger.wait_for(acknowledged=100)
        ground.shim.arm(Mode.HANG, Calls.SYNC, ever=True)
        hangs(ground.victim, "writer", "writer", " transaction")
        if comes_back:
            began = time.monotonic()
            ground.shim.off()
            recovery_s, figures = ground.probe() - began, {}
            goes_on(ground.victim)
        else:
            figures = {"SIGTERM to the end, s": ends(ground.victim)}
            ground.shim.off()
            recovery_s = ground.recover()
    return Round(ground.judge(), recovery_s, figures)
