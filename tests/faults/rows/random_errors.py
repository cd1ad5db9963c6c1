"""A disk of which one call in twenty fails, for a minute."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

from tests.faults.checker import Verdict
from tests.faults.ground import Ground
from tests.faults.row import Round, fault
from tests.faults.shim import Calls, Mode
from tests.faults.unharmed import check_stays_up

STRETCH_SECONDS = 1.5
PERMILLE = 50
CALLS = Calls.WRITE | Calls.SYNC | Calls.TRUNCATE


@fault("random-errors", "5 % of writes, syncs, truncations fail, 1.5 s a round", quick=1, full=40, whole=True)
def run(ground: Ground, count: int) -> Iterator[Round]:
    """One fault from the first round to the last, under load; every second stretch tears writes."""
    ground.victim.start(ground.shim)
    pid = ground.victim.running.pid
    # Small transactions, so that some of them pass between the errors.
    with ground.load(clients=2, longest=2):
        ground.ledger.wait_for(acknowledged=1)
        errors = 0
        for number in ground.numbers(count):
            ground.shim.arm(
                Mode.RANDOM, CALLS, permille=PERMILLE, seed=ground.seed + number, half=number % 2 == 0
            )
            threading.Event().wait(STRETCH_SECONDS)  # how long the fault lasts is the test
            errors += ground.shim.hits
            check_stays_up(ground, pid)
            yield Round(Verdict())
        ground.shim.off()
        ends = time.monotonic()
        recovery_s = ground.probe() - ends
    check_stays_up(ground, pid)
    yield Round(ground.judge(), recovery_s, {"errors": errors}, is_sum=True)
