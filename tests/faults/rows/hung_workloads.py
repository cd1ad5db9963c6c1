"""All places for workloads are taken by some that hang, and two more wait."""

from __future__ import annotations

from collections.abc import Iterator

from collector.sections import Runs
from tests.faults.checker import Verdict
from tests.faults.ground import Ground
from tests.faults.marked import Marked
from tests.faults.row import Round, fault
from tests.faults.ticks import Ticks, until
from tests.faults.watched import END_BAR, ends

EVERY_MS = 200
SAMPLING = f'[sampling]\nevery = "{EVERY_MS}ms"\non_battery = "{EVERY_MS}ms"\n'
PLACES = Runs().parallel
MANY_TICKS = 50
# What ignores TERM takes two seconds more of the stop: not in the quick version.
HANGS = {False: "sleep 300", True: "trap '' TERM; while :; do sleep 300; done"}
BARS = {"missed ticks of 200 ms": 0, **END_BAR}
NEWEST = "SELECT max(timestamp) FROM cpu_samples"
EARLY_MS = 20  # a timer may wake so much before its time


@fault(
    "hung-workloads",
    "pool + 2 workloads that never end, so many ticks",
    quick=5,
    full=300,
    whole=True,
    bars=BARS,
)
def run(ground: Ground, count: int) -> Iterator[Round]:
    """The sampler misses none; all of them end with the daemon."""
    with Marked(ground) as mark:
        argv = ["sh", "-c", HANGS[count > MANY_TICKS]]
        hung = "".join(mark.workload(f"hung{n}", argv, 300) for n in range(PLACES + 2))
        ground.victim.configure(SAMPLING + hung)
        ground.victim.start()
        with ground.load(batches_per_s=20), Ticks(ground.victim) as ticks:
            until(lambda: len(mark.pids()) >= PLACES, "a hung workload at each place")
            before = until(lambda: ground.victim.rows(NEWEST)[0][0], "a sample")
            for _ in ground.numbers(count):
                ticks.wait_for_more(1)
                yield Round(Verdict())
        end_s = ends(ground.victim)
        mark.none_is_left()
        missed = missing(ground, before)
        figures = {"missed ticks of 200 ms": missed, "SIGTERM to the end, s": end_s}
        yield Round(ground.judge(), None, figures, is_sum=True)


def missing(ground: Ground, after_ms: int) -> int:
    """How many ticks since then have no sample."""
    sql = "SELECT timestamp FROM cpu_samples WHERE timestamp >= ?"
    ticks = {(at + EARLY_MS) // EVERY_MS for (at,) in ground.victim.rows(sql, after_ms)}
    return max(ticks) - min(ticks) + 1 - len(ticks)
