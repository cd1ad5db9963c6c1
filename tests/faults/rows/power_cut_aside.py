"""The power goes while a damaged database is set aside and a new one begun."""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from tests.faults.ground import Ground
from tests.faults.ledger import Ledger
from tests.faults.old_record import lying
from tests.faults.powercut import Contents, Disk, contents
from tests.faults.row import Round, fault, on_fresh_ground
from tests.faults.rows.damaged import Met, judged
from tests.faults.rows.set_aside_killed import damaged, lived_through
from tests.faults.shim import Calls, Entry
from tests.faults.victim import Died

CUTS_OF_A_RUN = 10
NEAR = 12  # calls before and after those that give the file its other name


class Recorded(NamedTuple):
    """A start on a damaged file, with some batches after it."""

    path: Path
    aside: Path
    before: Contents
    entries: list[Entry]
    ledger: Ledger
    met: Met

    @property
    def first(self) -> int:
        """So many calls were made when the file had its second name."""
        return 1 + next(
            number
            for number, entry in enumerate(self.entries)
            if entry.call == Calls.LINK and (entry.path, entry.second) == (self.path, self.aside)
        )

    def moments(self, count: int, chance: random.Random) -> list[int]:
        """After how many calls the power goes: half of them around the set-aside."""
        near = range(max(1, self.first - NEAR), min(len(self.entries), self.first + NEAR))
        pools = [near, range(1, len(self.entries) + 1)]
        return sorted(chance.choice(pools[number % 2]) for number in range(count))


@fault("power-cut-set-aside", "power cut in a set-aside", quick=1, full=50, whole=True)
def run(ground: Ground, count: int) -> Iterator[Round]:
    """Some cuts of each run: afterwards the old file lies there whole, under one name or the other."""
    for run, first in enumerate(range(0, count, CUTS_OF_A_RUN)):
        with Ground(f"{ground.seed}/{run}") as fresh:
            recorded = record(fresh)
            moments = recorded.moments(min(CUTS_OF_A_RUN, count - first), fresh.random)
            disk = Disk(recorded.path.parent, recorded.before)
            for done, now in pairwise([0, *moments]):
                disk.replay(recorded.entries[done:now])
                after = partial(after_cut, recorded=recorded, disk=disk)
                yield on_fresh_ground(f"{fresh.seed}/{now}", after, now)


def record(ground: Ground) -> Recorded:
    """Set aside, begun anew, killed. Raises Died where nothing was set aside."""
    ground.ledger = Ledger(ground.shim.journal_bytes)
    met, before = damaged(ground), contents(ground.data)
    ground.shim.record()
    lived_through(ground)
    ground.victim.kill()
    path, aside = ground.victim.database, lying(ground.victim.database)
    if len(aside) != 1:
        raise Died(f"{len(aside)} files were set aside: {ground.victim.log_end()}")
    return Recorded(path, aside[0], before, list(ground.shim.entries()), ground.ledger, met)


def after_cut(ground: Ground, now: int, *, recorded: Recorded, disk: Disk) -> Round:
    """A daemon on what is left after ``now`` calls."""
    disk.cut(ground.data, ground.random)
    ground.ledger = recorded.ledger.until(recorded.entries[now - 1].end)
    try:
        recovery_s = ground.recover()
        return judged(ground, recorded.met._replace(recovery_s=recovery_s), own_saving=False)
    except (AssertionError, Died, TimeoutError) as error:
        where = f"{now - recorded.first:+} calls from the set-aside"
        raise Died(f"cut after {now} calls, {where}: {error}") from error
