"""The same in a start and a stop: over no record yet, and over one whose recorder was killed."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from tests.faults.ground import Ground
from tests.faults.ledger import Told
from tests.faults.powercut import Contents, contents
from tests.faults.row import ALL_ROUNDS, Round, fault, on_fresh_ground
from tests.faults.rows.every_error import BATCHES, CASES, Case
from tests.faults.unharmed import Harmed, check, until
from tests.faults.victim import WAIT_SECONDS, Died

# What the log says first when the disk refuses.
NOTICED = {"database.waiting", "writer.stuck"}
LARGEST_POWER = 8.7  # of 2: a start without a record makes some 400 writes


class Before(NamedTuple):
    """What lies there as the daemon starts, and what clients were told of it; empty for nothing."""

    files: Contents
    batches: list[Told]

    def lay(self, ground: Ground) -> None:
        """Have a ground begin with it."""
        for name, data in self.files.items():
            (ground.data / name).write_bytes(data)
        ground.ledger.batches += self.batches
        ground.ledger.acknowledged += sum(len(batch.acknowledged()) for batch in self.batches)


class Planned(NamedTuple):
    """One round: over what, which case, and N."""

    before: Before
    case: Case
    n: int


@fault("start-error", "the same in a start and a stop", quick=2, full=ALL_ROUNDS, whole=True)
def run(ground: Ground, count: int) -> Iterator[Round]:
    """All N of all cases where ``count`` allows it, or some at random, most of them small."""
    kinds = list(itertools.product((killed(ground), Before({}, [])), CASES))
    yield Round(ground.judge())
    if count < ALL_ROUNDS:
        for number in range(count - 1):
            before, case = kinds[(number * 5) % len(kinds)]  # 5 and 12: in turn, and mixed
            yield one(ground, Planned(before, case, int(2 ** ground.random.uniform(0, LARGEST_POWER))))
        return
    for before, case in kinds:
        for n in itertools.count(1):
            yield (result := one(ground, Planned(before, case, n)))
            if not result.figures.get("errors") and not result.broken:
                break


def one(ground: Ground, planned: Planned) -> Round:
    """A round on a ground of its own; what is wrong with it names the case."""
    result = on_fresh_ground(f"{ground.seed}/{planned.n}", lambda own, _: lived_through(own, planned), 0)
    if result.broken:
        over = "a killed recorder's record" if planned.before.files else "no record"
        return result._replace(broken=f"over {over}, {planned.case}, N = {planned.n}: {result.broken}")
    return result


def killed(ground: Ground) -> Before:
    """A record with a log that nobody has finished."""
    ground.victim.start()
    ground.send("before", BATCHES)
    ground.victim.kill()
    return Before(contents(ground.data), list(ground.ledger.batches))


def lived_through(ground: Ground, planned: Planned) -> Round:
    """A start, a batch, a stop; then, if it could not end in order, a start without a fault."""
    case = planned.case
    planned.before.lay(ground)
    case.arm(ground, planned.n)
    recovery_s, ended_well = None, False
    try:
        with ending_when_noticed(ground, case) as ends:
            ground.victim.start(ground.shim)
            recovery_s = ground.probe() - max(ground.victim.started, *ends)
        ended_well = stopped(ground, case)
    except Died:
        refused(ground, case)
    errors = ground.shim.hits
    ground.shim.off()
    check(ground)
    if not ended_well:
        recovery_s = max(recovery_s or 0.0, ground.recover())
        check(ground)
    return Round(ground.judge(), recovery_s, {"errors": errors, "largest N": planned.n})


@contextmanager
def ending_when_noticed(ground: Ground, case: Case) -> Iterator[list[float]]:
    """An error for good ends when the log tells of it; yields the moment, monotonic, once that was."""
    over, ends = threading.Event(), [0.0]

    def look() -> None:
        until(lambda: over.is_set() or noticed(ground), "an error noticed", 2 * WAIT_SECONDS)
        if not over.is_set():
            ground.shim.off()
            ends.append(time.monotonic())

    looking = threading.Thread(target=look)
    if case.ever:
        looking.start()
    try:
        yield ends
    finally:
        over.set()
        if case.ever:
            looking.join()


def noticed(ground: Ground) -> bool:
    """Whether the daemon has said that it cannot write."""
    return any(event["event"] in NOTICED for event in ground.victim.events())


def stopped(ground: Ground, case: Case) -> bool:
    """Stop it; whether it says that all is written. It may not be where the error is for good."""
    status = ground.victim.stop()
    if status not in ((0, 1) if case.ever else (0,)):
        raise Harmed(f"it ended with status {status}: {ground.victim.log_end()}")
    return status == 0


def refused(ground: Ground, case: Case) -> None:
    """It did not start: only for an error for good, and with a sentence."""
    status, said = ground.victim.wait_end(), ground.victim.log.read_text().splitlines()
    if status != 1 or not case.ever:
        raise Harmed(f"an error ended it in its start, with status {status}: {ground.victim.log_end()}")
    if not said or said[-1].startswith("{"):
        raise Harmed(f"it ended in its start without a sentence: {ground.victim.log_end()}")
