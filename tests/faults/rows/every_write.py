"""SIGKILL at the Nth write or sync of a start, some load and a stop: N = 1, 2, … until all of it passes."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import suppress
from itertools import pairwise

from collector.client.line import Unreachable
from tests.faults.ground import Ground
from tests.faults.row import ALL_ROUNDS, Round, fault, on_fresh_ground
from tests.faults.shim import Calls, Mode
from tests.faults.victim import Died

BATCHES = 5
CALLS = Calls.WRITE | Calls.SYNC


@fault("every-write", "SIGKILL at the Nth write or sync, N = 1 …", quick=2, full=ALL_ROUNDS, whole=True)
def run(ground: Ground, count: int) -> Iterator[Round]:
    """All N where ``count`` allows it, or so many that lie spread over them."""
    ground.shim.watch(CALLS)
    lived_through(ground)
    total = ground.shim.count
    yield Round(ground.judge(), figures={"calls": total})
    for n in range(1, count) if count > total else spread(ground, total, count - 1):
        yield (result := on_fresh_ground(f"{ground.seed}/{n}", killed_at, n))
        if count > total and not result.figures and not result.broken:
            return


def spread(ground: Ground, total: int, count: int) -> list[int]:
    """``count`` numbers up to ``total``, one from each of as many equal parts."""
    edges = [total * part // count for part in range(count + 1)]
    return [ground.random.randint(low + 1, high) for low, high in pairwise(edges)]


def killed_at(ground: Ground, n: int) -> Round:
    """Every second write is torn in the middle. No figure when it came to its end before."""
    ground.shim.arm(Mode.KILL, CALLS, n, half=n % 2 == 0)
    killed = not lived_through(ground)
    try:
        recovery_s = ground.recover()
    except Died as error:
        raise Died(f"after a kill at N = {n} it does not start: {error}") from error
    return Round(ground.judge(), recovery_s, {"largest N": n} if killed else {})


def lived_through(ground: Ground) -> bool:
    """A start, a few batches one after the other, and a stop; False when it was killed on the way."""
    with suppress(Died, Unreachable):  # the exit status tells which
        work(ground)
    status = ground.victim.wait_end()
    if status not in (0, -signal.SIGKILL):
        raise Died(f"exit status {status} instead of SIGKILL: {ground.victim.log_end()}")
    return status == 0


def work(ground: Ground) -> None:
    """The scenario, the same each time."""
    ground.victim.start(ground.shim)
    ground.send("steady", BATCHES)
    ground.victim.stop()
