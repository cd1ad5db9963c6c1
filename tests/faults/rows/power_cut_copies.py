"""The power goes during `collector db backup` and `collector db restore`, or just after they are done."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

from collector.sqlite import sqlite3
from tests.faults.ground import Ground
from tests.faults.killing import Scenario
from tests.faults.powercut import Contents, Disk, contents
from tests.faults.row import Round, fault, on_fresh_ground
from tests.faults.rows.backup_killed import BackedUp, Restored
from tests.faults.shim import Entry
from tests.faults.victim import Died

NEAR_THE_END = 10  # calls: there the names change


class Recorded(NamedTuple):
    """What a command did to a folder, from its first call to its end."""

    folder: Path
    before: Contents
    entries: list[Entry]

    def cut(self, calls: int, ground: Ground) -> None:
        """Leave in the ground's folder what may be left after so many calls."""
        for path in ground.data.iterdir():
            path.unlink()
        disk = Disk(self.folder, self.before).replay(self.entries[:calls])
        disk.cut(ground.data, ground.random)


@fault("power-cut-backup", "power cut in a backup, and after it", quick=1, full=60, whole=True)
def backups(ground: Ground, count: int) -> Iterator[Round]:
    """To a new file and over an older one, in turn."""
    return _cuts(ground, count, [BackedUp(replaces=True), BackedUp(replaces=False)])


@fault("power-cut-restore", "power cut in a restore, and after it", quick=1, full=60, whole=True)
def restores(ground: Ground, count: int) -> Iterator[Round]:
    """Over a database and where there is none, in turn."""
    return _cuts(ground, count, [Restored(replaces=True), Restored(replaces=False)])


def _cuts(ground: Ground, count: int, scenarios: list[Scenario]) -> Iterator[Round]:
    """Each command is recorded once; the power goes at its end, then near it, then anywhere."""
    recorded = [_recorded(ground, scenario) for scenario in scenarios[:count]]
    for number in range(count):
        which = number % len(recorded)
        calls = len(recorded[which].entries)
        lowest = (calls, max(0, calls - NEAR_THE_END), 0)[number // len(recorded) % 3]
        after = partial(_after_cut, scenario=scenarios[which], recorded=recorded[which])
        now = ground.random.randint(lowest, calls)
        yield on_fresh_ground(f"{ground.seed}/{number}", after, now)


def _recorded(ground: Ground, scenario: Scenario) -> Recorded:
    """The journal of one command that came to its end. Raises Died when it did not."""
    with Ground(f"{ground.seed}/{scenario.name}") as fresh:
        scenario.prepare(fresh)
        before = contents(fresh.data)
        fresh.shim.record()
        if status := scenario.run(fresh):
            raise Died(f"{scenario.name}: exit status {status}: {fresh.victim.log_end()}")
        return Recorded(fresh.data, before, list(fresh.shim.entries()))


def _after_cut(ground: Ground, calls: int, *, scenario: Scenario, recorded: Recorded) -> Round:
    """What a command that was cut left is judged as if it was killed; one that was done has to be there."""
    scenario.prepare(ground)
    recorded.cut(calls, ground)
    done = calls == len(recorded.entries)
    try:
        result = scenario.judged(ground, killed=not done)
    except (AssertionError, Died, TimeoutError, sqlite3.Error) as error:
        when = "its end" if done else f"{calls} calls of {len(recorded.entries)}"
        raise Died(f"{scenario.name}, cut after {when}: {error}") from error
    return result._replace(figures={**result.figures, "calls": len(recorded.entries)})
