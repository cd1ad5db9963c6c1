"""The power goes at a random moment of a recorded run: a start, load, checkpoints, a kill, a stop."""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Literal, NamedTuple

from tests.faults.ground import Ground
from tests.faults.ledger import Ledger
from tests.faults.powercut import Disk
from tests.faults.row import Round, fault, on_fresh_ground
from tests.faults.shim import Entry
from tests.faults.unharmed import check
from tests.faults.victim import SAMPLING

CUTS_OF_A_RUN = 10
# In a session: so many that the log is moved into the file and begun anew two or three times; and once.
RECORDS, FEW_RECORDS = 3_000, 1_000

Durability = Literal["full", "normal"]


class Recorded(NamedTuple):
    """What one run did to an empty folder, and what its clients were told meanwhile.

    ``starts``: from where to where in the journal the daemon started.
    """

    folder: Path
    entries: list[Entry]
    ledger: Ledger
    starts: list[tuple[int, int]]

    @property
    def checkpoints(self) -> int:
        """How often the log was moved into the file while clients sent."""
        in_file = [entry.path.name == "c.db" for entry in self.entries if not self.is_start(entry)]
        return sum(not before and now for before, now in pairwise(in_file))

    @property
    def log_begins(self) -> int:
        """After how many calls there is a write-ahead log; until then there is a journal."""
        return next(n for n, entry in enumerate(self.entries) if entry.path.name == "c.db-wal")

    def is_start(self, entry: Entry) -> bool:
        """Whether the daemon was starting."""
        return any(low < entry.end <= high for low, high in self.starts)

    def moments(self, count: int, chance: random.Random) -> list[int]:
        """After how many calls the power goes: in a checkpoint, a start, the making of the file, anywhere."""
        calls = range(1, len(self.entries) + 1)
        starting = [n for n in calls if self.is_start(self.entries[n - 1])]
        moving = [n for n in calls if self.entries[n - 1].path.name == "c.db" and n not in {*starting}]
        making = [n for n in starting if n <= self.log_begins]
        pools = [pool for pool in (moving, starting, making, calls) if pool]
        return sorted(chance.choice(pools[number % len(pools)]) for number in range(count))


@fault("power-cut-full", "power cut, durability full", quick=1, full=100, whole=True)
def full(ground: Ground, count: int) -> Iterator[Round]:
    """Nothing that was acknowledged is lost."""
    return rounds(ground, count, "full")


@fault("power-cut-normal", "power cut, durability normal", quick=1, full=100, whole=True, suffix=True)
def normal(ground: Ground, count: int) -> Iterator[Round]:
    """What is lost is the newest."""
    return rounds(ground, count, "normal")


def rounds(ground: Ground, count: int, durability: Durability) -> Iterator[Round]:
    """Some cuts of each run; every second run is killed in the middle, and started again."""
    for run, first in enumerate(range(0, count, CUTS_OF_A_RUN)):
        with Ground(f"{ground.seed}/{run}") as fresh:
            records = RECORDS if count > CUTS_OF_A_RUN else FEW_RECORDS
            recorded = record(fresh, durability, 1 + run % 2, records)
            moments = recorded.moments(min(CUTS_OF_A_RUN, count - first), fresh.random)
            disk = Disk(recorded.folder, {})
            for done, now in pairwise([0, *moments]):
                disk.replay(recorded.entries[done:now])
                after = partial(after_cut, recorded=recorded, disk=disk, now=now, durability=durability)
                yield on_fresh_ground(f"{fresh.seed}/{now}", after, run)


def record(ground: Ground, durability: Durability, sessions: int, records: int) -> Recorded:
    """Each session but the last is killed under load."""
    ground.ledger = Ledger(ground.shim.journal_bytes)
    ground.victim.configure(SAMPLING, durability)
    ground.shim.record()
    starts = []
    for session in range(1, sessions + 1):
        before = ground.shim.journal_bytes()
        ground.victim.start(ground.shim)
        starts.append((before, ground.shim.journal_bytes()))
        with ground.load():
            ground.ledger.wait_for_more(records)
            if session < sessions:
                ground.victim.kill()
    ground.victim.stop()
    return Recorded(ground.data, list(ground.shim.entries()), ground.ledger, starts)


def after_cut(
    ground: Ground, _: int, *, recorded: Recorded, disk: Disk, now: int, durability: Durability
) -> Round:
    """A daemon on what is left after ``now`` calls; nothing of it is damaged, so nothing is set aside."""
    disk.cut(ground.data, ground.random)
    ground.ledger = recorded.ledger.until(recorded.entries[now - 1].end)
    ground.victim.configure(SAMPLING, durability)
    recovery_s = ground.recover()
    check(ground)
    verdict = ground.judge()
    figures = {"records lost": verdict.lost, "checkpoints": recorded.checkpoints}
    return Round(verdict, recovery_s, figures)
