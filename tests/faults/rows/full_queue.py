"""The disk is full for so long that the queue is, too: samples are dropped and counted, the hole is a row."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import NamedTuple

from tests.faults.checker import Verdict
from tests.faults.ground import Ground
from tests.faults.row import Round, fault
from tests.faults.rows.disk_full import FULL, check_nothing_dropped
from tests.faults.rows.lock_holder import LARGE, MANY, told_busy
from tests.faults.smalldisk import SmallDisk, configure
from tests.faults.unharmed import Harmed, check_stays_up, until, until_stuck

DISK_BYTES = 256 << 20
# As many samples as may be: what clients leave of the queue's 20,000 records is full in half a minute.
OFTEN = '[sampling]\nevery = "100ms"\nprocesses = { every = "1s", top = 1000 }\n'
LONGEST_SECONDS = 300.0


class Hole(NamedTuple):
    """When the disk was full, in ms of the wall clock, and how many samples had been dropped by its end."""

    from_ms: int
    to_ms: int
    dropped: int


@fault("full-queue", "a full disk until samples are dropped; the gap", quick=1, full=4, whole=True)
def run(ground: Ground, count: int) -> Iterator[Round]:
    """The first round ends before anything is dropped, so that nothing may be; each other takes a minute."""
    configure(ground.victim, OFTEN)
    disk = SmallDisk(ground, DISK_BYTES)
    ground.victim.start()
    pid, holes = ground.victim.running.pid, list[Hole]()
    for number in ground.numbers(count):
        recovery_s, hole = full(ground, disk, is_long=number > 0)
        check_stays_up(ground, pid)
        holes += [hole] if number else []
        check_gaps(ground, holes) if holes else check_nothing_dropped(ground)
        yield Round(Verdict(), recovery_s, {"dropped": hole.dropped})
    yield Round(ground.judge(), is_sum=True)


def full(ground: Ground, disk: SmallDisk, *, is_long: bool) -> tuple[float, Hole]:
    """Full, with ``is_long`` until samples are dropped, then room again; seconds to a commit, the hole."""
    options = {"clients": MANY, "longest": LARGE, "answer_seconds": LONGEST_SECONDS} if is_long else {}
    with ground.load(**options) as load:
        ground.ledger.wait_for_more(1)
        disk.fill()
        began_ms = now_ms()
        until_stuck(ground.victim, FULL)
        if is_long:
            before = ground.victim.counters()["dropped"]
            told_busy(ground)
            until(lambda: ground.victim.counters()["dropped"] > before, "a dropped sample", LONGEST_SECONDS)
        load.stopping.set()
        disk.free()
        ends, ends_ms = time.monotonic(), now_ms()
        recovery_s = ground.probe(60) - ends
    return recovery_s, Hole(began_ms, ends_ms, ground.victim.counters()["dropped"])


def check_gaps(ground: Ground, holes: list[Hole]) -> None:
    """One gap for each hole, within it, without a sample inside; the reason is told in numbers, too."""
    gaps = until(lambda: gaps_of(ground, len(holes)), "a gap for each hole")
    for (from_ms, to_ms), hole in zip(gaps, holes, strict=True):
        if not hole.from_ms - 2000 <= from_ms <= to_ms <= hole.to_ms:
            raise Harmed(f"the gap from {from_ms} to {to_ms} does not lie in {hole}")
        ((inside,),) = ground.victim.rows(
            "SELECT count(*) FROM cpu_samples WHERE timestamp > ? AND timestamp < ?", from_ms, to_ms
        )
        if inside:
            raise Harmed(f"{inside} samples lie in the gap from {from_ms} to {to_ms}")
    reasons = ground.victim.status()["dropped_reasons"]
    if reasons != {"full": ground.victim.counters()["dropped"]}:
        raise Harmed(f"dropped for {reasons}, and all of it for the full queue")


def gaps_of(ground: Ground, count: int) -> list[tuple[int, int]] | None:
    """From and to of all gaps once there are so many; None until then."""
    gaps = ground.victim.rows("SELECT from_ms, to_ms FROM gaps WHERE reason = 'disk_full' ORDER BY id")
    return [(from_ms, to_ms) for from_ms, to_ms in gaps] if len(gaps) >= count else None


def now_ms() -> int:
    """The wall clock."""
    return time.time_ns() // 1_000_000
