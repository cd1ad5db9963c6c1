"""SIGKILL at the Nth call while the schema moves: up in a start, down in `collector db downgrade`."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from collector.clock import now
from collector.store import schema
from collector.store.database import open_writer, raw
from collector.store.downgrade import downgrade
from collector.store.schema import known
from tests.faults.ground import Ground
from tests.faults.killing import Scenario, command, kills
from tests.faults.ledger import Ledger
from tests.faults.old_record import records_of, unknown
from tests.faults.photo import Photo, of_now, taken
from tests.faults.rolled import roll_up
from tests.faults.row import ALL_ROUNDS, Round, fault
from tests.faults.victim import Died

RECORDS = 200
AHEAD_MS = 600_000  # samples are rolled up when their five minutes are over
# The daemon goes on in them as it starts.
MOVING = ("upkeep_positions", "recorder_sessions", "workloads")


@dataclass(frozen=True, eq=False)
class Old:
    """A record of an older version: where a copy lies, what it holds, and what clients had sent."""

    name: str
    folder: Path
    photo: Photo
    ledger: Ledger

    def plant(self, ground: Ground) -> None:
        """Put a copy where the victim looks for its record."""
        shutil.copytree(self.folder, ground.data, dirs_exist_ok=True)
        # What an older version cannot hold is gone, so that any of them may be stored or not.
        unknown(records_of(self.ledger), ground.ledger)


@cache
def versions() -> dict[str, Old]:
    """The same record as each version would have it, oldest first; made once in this process."""
    home = Path(tempfile.mkdtemp(prefix="faults-versions-"))
    atexit.register(shutil.rmtree, home)
    with Ground("versions") as ground:
        ground.victim.start()
        with ground.load():
            ground.ledger.wait_for(acknowledged=RECORDS)
        ground.victim.stop()
        with closing(open_writer(ground.victim.database)) as database:
            roll_up(raw(database), now().wall_ms + AHEAD_MS)
        found = [version(ground, home, name) for name in reversed(known())]
        return {old.name: old for old in reversed(found)}


def version(ground: Ground, home: Path, name: str) -> Old:
    """Take back what came after ``name``, and keep a copy of that."""
    path = ground.victim.database
    with closing(open_writer(path)) as database:
        downgrade(database, path, name)
    shutil.copytree(ground.data, home / name)
    return Old(name, home / name, taken(path, ground.own / "photo"), ground.ledger)


class Moved:
    """From one version to another; the newest one is what the daemon brings any record to."""

    def __init__(self, was: Old, to: str) -> None:
        self.name = f"{was.name} → {to}"
        self._was, self._to, self._is_up = was, to, to == known()[-1]

    def prepare(self, ground: Ground) -> None:
        """The record as it was."""
        self._was.plant(ground)

    def run(self, ground: Ground) -> int:
        """Only the newest version is reached by a start."""
        return up(ground) if self._is_up else command(ground, "db", "downgrade", "--to", self._to)

    def judged(self, ground: Ground, *, killed: bool) -> Round:
        """One or the other exactly, with all rows that it can hold; the next start brings it up to date."""
        photo = of_now(ground)
        self._look(photo, killed=killed)
        recovery_s = ground.recover()
        verdict = ground.judge()
        after = of_now(ground)
        assert after.version == int(known()[-1][:4]), f"after the next start it says {after.version}"
        assert not (lost := after.lacks(photo, MOVING)), f"the next start lost rows: {lost}"
        return Round(verdict, recovery_s)

    def _look(self, photo: Photo, *, killed: bool) -> None:
        has_moved = photo.schema == moved(self._was, self._to).schema
        assert has_moved or photo.schema == self._was.photo.schema, (
            f"neither version: it says {photo.version}, with {photo.noted}"
        )
        assert killed or has_moved, "it ended well and did not move"
        assert not photo.unsound, f"unsound: {photo.unsound}"
        assert not (lost := photo.lacks(self._was.photo, MOVING if self._is_up else ())), f"lost rows: {lost}"


@cache
def moved(was: Old, to: str) -> Photo:
    """What it is after all of it, done here."""
    with Ground("moved") as ground:
        was.plant(ground)
        path = ground.victim.database
        with closing(open_writer(path)) as database:
            schema.prepare(database, path)
            if to != known()[-1]:
                downgrade(database, path, to)
        return of_now(ground)


def up(ground: Ground) -> int:
    """A start up to READY."""
    try:
        ground.victim.start(ground.shim)
    except Died:
        return ground.victim.wait_end()
    ground.shim.off()
    ground.victim.kill()
    return 0


@fault("migration-up-killed", "SIGKILL at the Nth call of an upgrade", quick=1, full=ALL_ROUNDS, whole=True)
def upgrades(ground: Ground, count: int) -> Iterator[Round]:
    """From each older version, the oldest first."""
    *older, newest = versions().values()
    scenarios: list[Scenario] = [Moved(old, newest.name) for old in older]
    return kills(ground, count, scenarios, usual=180)


@fault(
    "migration-down-killed", "SIGKILL at the Nth call of a downgrade", quick=1, full=ALL_ROUNDS, whole=True
)
def downgrades(ground: Ground, count: int) -> Iterator[Round]:
    """To each older version, the oldest first."""
    *older, newest = versions().values()
    scenarios: list[Scenario] = [Moved(newest, old.name) for old in older]
    return kills(ground, count, scenarios, usual=110)
