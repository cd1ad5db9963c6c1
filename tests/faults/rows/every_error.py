"""EIO or ENOSPC at the Nth write or sync, once and for good: N = 1, 2, … until the scenario passes."""

from __future__ import annotations

import errno
import threading
import time
from collections.abc import Iterator
from typing import NamedTuple

from tests.faults.checker import Verdict
from tests.faults.ground import Ground
from tests.faults.row import ALL_ROUNDS, Round, fault
from tests.faults.shim import Calls, Mode
from tests.faults.unharmed import check_stays_up, until
from tests.faults.victim import WAIT_SECONDS

BATCHES = 5
STRIDE = 7  # with fewer


class Case(NamedTuple):
    """Which calls fail, and how."""

    calls: Calls
    error: int
    ever: bool

    def arm(self, ground: Ground, n: int) -> None:
        """Let the ``n``-th call from now fail; every second write is half done before."""
        ground.shim.arm(Mode.ERROR, self.calls, n, ever=self.ever, error=self.error, half=n % 2 == 0)


CASES = [
    Case(calls, error, ever)
    for calls, error in ((Calls.WRITE, errno.EIO), (Calls.SYNC, errno.EIO), (Calls.WRITE, errno.ENOSPC))
    for ever in (False, True)
]


@fault(
    "every-error", "EIO, ENOSPC at the Nth write or sync: once, ever", quick=12, full=ALL_ROUNDS, whole=True
)
def run(ground: Ground, count: int) -> Iterator[Round]:
    """All N of all cases in one process that must stay up, or so many as ``count`` allows."""
    ground.victim.start(ground.shim)
    left, stride = dict.fromkeys(CASES, 1), 1 if count >= ALL_ROUNDS else STRIDE
    for number in ground.numbers(count):
        if not left:
            break
        case = list(left)[(number + 1) % len(left)]
        result = failed_at(ground, case, left[case], f"round{number}")
        left[case] += stride
        if result.figures["errors"] == 0:  # it came to its end before the Nth call
            del left[case]
        yield result
    yield Round(ground.judge(), is_sum=True)


def failed_at(ground: Ground, case: Case, n: int, source: str) -> Round:
    """Some batches while the ``n``-th call fails; an error for good ends as soon as the daemon says so."""
    pid = ground.victim.running.pid
    case.arm(ground, n)
    ends = time.monotonic()
    sending = threading.Thread(target=ground.send, args=(source, BATCHES))
    sending.start()
    if case.ever:
        until(lambda: not sending.is_alive() or ground.victim.status()["stuck"], "an error noticed")
        ends = time.monotonic()
    else:
        sending.join(WAIT_SECONDS)
    ground.shim.off()
    recovery_s = ground.probe() - ends
    sending.join(WAIT_SECONDS)
    check_stays_up(ground, pid)
    return Round(Verdict(), recovery_s, {"errors": ground.shim.hits, "largest N": n})
