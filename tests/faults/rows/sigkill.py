"""SIGKILL while clients send, wherever it finds the daemon."""

from __future__ import annotations

import threading

from tests.faults.ground import Ground
from tests.faults.row import Round, fault


@fault("sigkill", "SIGKILL at a random moment under load", quick=1, full=200)
def run(ground: Ground, number: int) -> Round:
    """Kill it up to 0.3 s into the load, start it again under the same load, and judge all of it."""
    ground.victim.start()
    with ground.load():
        ground.ledger.wait_for(acknowledged=1)
        # The moment is the test: there is nothing to wait for.
        threading.Event().wait(ground.random.uniform(0, 0.3))
        ground.victim.kill()
        recovery_s = ground.recover()
    return Round(ground.judge(), recovery_s)
