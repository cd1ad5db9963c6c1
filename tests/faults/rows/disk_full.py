"""The disk is full, and has room again, while the daemon runs: it waits, says so, and goes on by itself."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import nullcontext

from collector.store.database import file_size, wal_path
from tests.faults.checker import Verdict
from tests.faults.ground import Ground
from tests.faults.row import Round, fault
from tests.faults.rows.long_reader import reading
from tests.faults.smalldisk import SmallDisk, configure
from tests.faults.unharmed import Harmed, check_stays_up, until, until_stuck

DISK_BYTES = 192 << 20
FULL = "the disk is full"
# In the middle of a batch; as the log is to go into the file; with a log that cannot go there for a reader.
WAYS = ("batch", "checkpoint", "growing log")
# The log is that long when it goes into the file, after 1,000 pages.
LOG_BYTES = 4_000_000
LEFT_BYTES = 3 << 20
ASKED = 5
# Every so many cycles it lasts until the daemon waits its longest, 5 s, between two tries.
LONG_EVERY, LONG_SECONDS = 10, 6.0


@fault("disk-full", "mid-batch, in a checkpoint, with a growing log: cycles", quick=3, full=51, whole=True)
def run(ground: Ground, count: int) -> Iterator[Round]:
    """All cycles in one process, under load from the first to the last."""
    configure(ground.victim)
    disk = SmallDisk(ground, DISK_BYTES)
    ground.victim.start()
    pid = ground.victim.running.pid
    with ground.load(batches_per_s=100):
        ground.ledger.wait_for(acknowledged=1)
        for number in ground.numbers(count):
            is_long = number % LONG_EVERY == LONG_EVERY - 1
            status_s, recovery_s = cycle(ground, disk, WAYS[number % len(WAYS)], LONG_SECONDS * is_long)
            check_stays_up(ground, pid)
            yield Round(Verdict(), recovery_s, {"slowest status s": status_s})
    check_nothing_dropped(ground)
    yield Round(ground.judge(), is_sum=True)


def cycle(ground: Ground, disk: SmallDisk, way: str, seconds: float) -> tuple[float, float]:
    """Full, and room again: seconds that the slowest status took meanwhile, and until a commit after it."""
    log = wal_path(ground.victim.database)
    if way == "checkpoint":
        until(lambda: file_size(log) > LOG_BYTES, "a long log")
    with reading(ground.victim.database) if way == "growing log" else nullcontext():
        disk.fill(LEFT_BYTES if way == "growing log" else ground.random.randrange(0, 1 << 16))
        until_stuck(ground.victim, FULL)
        threading.Event().wait(seconds)  # how long it lasts is the test
        status_s = max(asked_s(ground) for _ in range(ASKED))
    disk.free()
    ends = time.monotonic()
    return status_s, ground.probe() - ends


def asked_s(ground: Ground) -> float:
    """How long it takes to be told the status, which says that nothing can be written."""
    began = time.monotonic()
    if ground.victim.status()["stuck"] != FULL:
        raise Harmed("a full disk, and status does not say so")
    return round(time.monotonic() - began, 4)


def check_nothing_dropped(ground: Ground) -> None:
    """The queue holds minutes of samples: nothing was lost, so no gap may be told."""
    gaps = ground.victim.rows("SELECT reason FROM gaps")
    dropped = ground.victim.counters()["dropped"]
    if gaps or dropped:
        raise Harmed(f"{dropped} records were dropped, and gaps are {gaps}")
