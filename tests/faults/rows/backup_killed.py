"""SIGKILL at the Nth call of `collector db backup` and `collector db restore`."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from collector.store.backup.part import COMPANIONS, ENDING, beside
from collector.store.retention.sizes import REPLACED
from tests.faults.ground import Ground
from tests.faults.killing import Scenario, afterwards, command, kills
from tests.faults.ledger import Ledger
from tests.faults.old_record import records_of, unknown
from tests.faults.photo import Photo, of_now, taken
from tests.faults.row import ALL_ROUNDS, Round, fault
from tests.faults.rows.migrations_killed import MOVING

RECORDS = 100  # in each half


class Made(NamedTuple):
    """A record of which the first half is in a backup; the daemon was killed, so that there is a log."""

    folder: Path
    backup: Path
    ledger: Ledger

    def plant(self, ground: Ground) -> None:
        """Put a copy where the victim looks for its record."""
        shutil.copytree(self.folder, ground.data, dirs_exist_ok=True)
        unknown(records_of(self.ledger), ground.ledger)  # after a restore the second half is gone


@cache
def made() -> Made:
    """Made once in this process."""
    home = Path(tempfile.mkdtemp(prefix="faults-backup-"))
    atexit.register(shutil.rmtree, home)
    with Ground("backup") as ground:
        ground.victim.start()
        with ground.load():
            ground.ledger.wait_for_more(RECORDS)
        afterwards(ground, "db", "backup", str(home / "backup"))
        with ground.load():
            ground.ledger.wait_for_more(RECORDS)
        ground.victim.kill()
        shutil.copytree(ground.data, home / "data")
        return Made(home / "data", home / "backup", ground.ledger)


class BackedUp:
    """A backup to a new file, or in place of an older one."""

    def __init__(self, *, replaces: bool) -> None:
        self.name = "backup --force" if replaces else "backup"
        self._replaces = replaces

    def prepare(self, ground: Ground) -> None:
        """With the older one in its place."""
        made().plant(ground)
        if self._replaces:
            shutil.copy(made().backup, copy_of(ground))

    def run(self, ground: Ground) -> int:
        """The command."""
        return command(ground, *self._command(ground))

    def judged(self, ground: Ground, *, killed: bool) -> Round:
        """The file is absent, or the older one, or whole; and the next backup is whole."""
        record, copy = of_now(ground), copy_of(ground)
        before = photo_of(made().backup, ground) if self._replaces else None
        left = photo_of(copy, ground)
        assert left in ([before, record] if killed else [record]), "the backup is neither whole nor as before"
        if not self._replaces:
            copy.unlink(missing_ok=True)
        afterwards(ground, *self._command(ground))
        assert photo_of(copy, ground) == record, "the next backup is not whole"
        assert of_now(ground) == record, "the database has changed"
        assert not (some := leftovers(ground)), f"left over: {some}"
        recovery_s = ground.recover()
        return Round(ground.judge(), recovery_s)

    def _command(self, ground: Ground) -> list[str]:
        return ["db", "backup", str(copy_of(ground)), *(["--force"] if self._replaces else [])]


class Restored:
    """A restore in place of a database with a log, or where there is none."""

    def __init__(self, *, replaces: bool) -> None:
        self.name = "restore" if replaces else "restore to nothing"
        self._replaces = replaces

    def prepare(self, ground: Ground) -> None:
        """The backup lies beside the database."""
        made().plant(ground)
        if not self._replaces:
            for name in ground.data.iterdir():
                name.unlink()
        shutil.copy(made().backup, copy_of(ground))
        self._old = photo_of(ground.victim.database, ground)

    def run(self, ground: Ground) -> int:
        """The command."""
        return command(ground, *self._command(ground))

    def judged(self, ground: Ground, *, killed: bool) -> Round:
        """The old one or the new one, and the old one is kept; every second time it is restored once more."""
        new = photo_of(made().backup, ground)
        left = photo_of(ground.victim.database, ground)
        assert left in ([self._old, new] if killed else [new]), (
            "the database is neither the old nor the new one"
        )
        if left == new:
            self._look_aside(ground)
        if killed and ground.random.random() < 0.5:
            afterwards(ground, *self._command(ground))
            left = of_now(ground)
            assert left == new, "the next restore did not restore"
            self._look_aside(ground)
            assert not (some := leftovers(ground)), f"left over: {some}"
        assert copy_of(ground).read_bytes() == made().backup.read_bytes(), "the backup has changed"
        recovery_s = ground.recover()
        verdict = ground.judge()
        lost = of_now(ground).lacks(left, MOVING) if left else {}
        assert not lost, f"the next start lost rows: {lost}"
        return Round(verdict, recovery_s)

    def _look_aside(self, ground: Ground) -> None:
        """What was replaced lies there, whole; a restore that was killed and done again may have left two."""
        path = ground.victim.database
        lying = [
            name for name in ground.data.glob(f"{path.name}{REPLACED}*") if not name.name.endswith(COMPANIONS)
        ]
        found = [photo_of(name, ground) for name in lying]
        assert not self._replaces or self._old in found, (
            f"the old database is not in {[n.name for n in lying]}"
        )

    def _command(self, ground: Ground) -> list[str]:
        return ["db", "restore", str(copy_of(ground)), "--yes"]


def copy_of(ground: Ground) -> Path:
    """The backup; its name begins so that the shim sees what is done to it."""
    return beside(ground.victim.database, ".copy")


def photo_of(path: Path, ground: Ground) -> Photo | None:
    """What a file holds; None where there is none. Raises AssertionError for one that is unsound."""
    if not path.exists():
        return None
    photo = taken(path, ground.own / "photo")
    assert not photo.unsound, f"{path.name} is unsound: {photo.unsound}"
    return photo


def leftovers(ground: Ground) -> list[str]:
    """Files that nobody needs."""
    return [name.name for name in ground.data.iterdir() if ENDING in name.name]


@fault("backup-killed", "SIGKILL at the Nth call of a backup", quick=1, full=ALL_ROUNDS, whole=True)
def backups(ground: Ground, count: int) -> Iterator[Round]:
    """To a new file, then over an older one."""
    scenarios: list[Scenario] = [BackedUp(replaces=False), BackedUp(replaces=True)]
    return kills(ground, count, scenarios, usual=120)


@fault("restore-killed", "SIGKILL at the Nth call of a restore", quick=1, full=ALL_ROUNDS, whole=True)
def restores(ground: Ground, count: int) -> Iterator[Round]:
    """Over a database, then where there is none."""
    scenarios: list[Scenario] = [Restored(replaces=True), Restored(replaces=False)]
    return kills(ground, count, scenarios, usual=230)
