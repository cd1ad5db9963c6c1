"""What looks bad and is no damage: nothing may be set aside, and nothing be changed that is not ours."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from itertools import count
from pathlib import Path

from collector.sqlite import sqlite3
from collector.store.retention.sizes import SET_ASIDE
from tests.faults.ground import Ground, Skipped
from tests.faults.old_record import planted, template
from tests.faults.pages import uncounted
from tests.faults.row import Round, fault
from tests.faults.shim import Calls, Mode
from tests.faults.victim import Died

# Root reads and writes whatever the modes say, unless it is without these.
_UNPRIVILEGED = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] if not os.geteuid() else []
NOBODY = 65534
REFUSED = 1  # exit status
LOCKED_SECONDS = 3.0  # longer than the writer waits for a lock


@fault("busy", "a lock holder at the start and while it runs", quick=1, full=20)
def busy(ground: Ground, number: int) -> Round:
    """Each kind of lock in turn, let go while the daemon starts, then held under load."""
    recorded(ground)
    how = ("BEGIN IMMEDIATE", "BEGIN EXCLUSIVE")[number % 2]
    with locked(ground.victim.database, how):
        ground.victim.start(wait=False)
        threading.Event().wait(1)  # the fault: it lasts a second
    ground.victim.wait_ready()
    recovery_s = ground.probe() - ground.victim.started
    with ground.load():
        ground.ledger.wait_for_more(100)
        with locked(ground.victim.database, how):
            # As long as one of many turns, or longer than the writer waits.
            threading.Event().wait(LOCKED_SECONDS if number % 4 == 3 else 0.3)
        ground.ledger.wait_for_more(100)
    return nothing_aside(ground, recovery_s)


@fault("io-errors", "EIO of writes and syncs at the start and while it runs", quick=1, full=40)
def io_errors(ground: Ground, number: int) -> Round:
    """From the Nth call on all fail, or one in five does; then the disk is well again."""
    recorded(ground)
    shim, chance = ground.shim, ground.random
    calls = (Calls.WRITE | Calls.SYNC, Calls.SYNC, Calls.ALL)[number % 3]
    if number % 2:
        shim.arm(Mode.ERROR, calls, chance.randint(1, 6), ever=True)
        ground.victim.start(shim, wait=False)
        wait_for_hits(ground)
        shim.off()
        ground.victim.wait_ready()
    else:
        ground.victim.start(shim)
    with ground.load():
        ground.ledger.wait_for_more(100)
        shim.arm(Mode.RANDOM, calls, permille=200, seed=number) if number % 4 == 2 else shim.arm(
            Mode.ERROR, calls, chance.randint(1, 20), ever=True
        )
        wait_for_hits(ground, 3)
        shim.off()
        since = time.monotonic()
        recovery_s = ground.probe() - since
        ground.ledger.wait_for_more(100)
    return nothing_aside(ground, recovery_s)


@fault("no-permission", "file or folder not readable, not writable, or another user's", quick=1, full=40)
def no_permission(ground: Ground, number: int) -> Round:
    """At the start, which is refused; and while it runs, until it may again."""
    recorded(ground)
    take = PERMISSIONS[number % len(PERMISSIONS)]
    path = ground.victim.database
    before = path.read_bytes()
    with take(path):
        refused(ground, prefix=_UNPRIVILEGED)
    unchanged(path, before)
    ground.victim.start(prefix=_UNPRIVILEGED)
    with ground.load():
        ground.ledger.wait_for_more(100)
        with take(path):
            threading.Event().wait(0.5)  # the fault: it lasts half a second
        since = time.monotonic()
        recovery_s = ground.probe() - since
    ground.victim.kill()
    with take(path), suppress(Died):  # a folder that is closed is no hindrance now: the log is there
        ground.victim.start(prefix=_UNPRIVILEGED)
        ground.probe()
    ground.victim.kill()
    return nothing_aside(ground, max(recovery_s, ground.recover()))


@contextmanager
def unreadable(path: Path) -> Iterator[None]:
    """Nobody may read or write the file."""
    with mode(path, 0o000):
        yield


@contextmanager
def read_only(path: Path) -> Iterator[None]:
    """Nobody may write the file."""
    with mode(path, 0o400):
        yield


@contextmanager
def of_another(path: Path) -> Iterator[None]:
    """The file belongs to somebody else."""
    if os.geteuid():
        raise Skipped("only root may give a file away")
    os.chown(path, NOBODY, NOBODY)
    try:
        yield
    finally:
        os.chown(path, os.geteuid(), os.getegid())


@contextmanager
def closed_folder(path: Path) -> Iterator[None]:
    """Nobody may make a file beside it."""
    with mode(path.parent, 0o500):
        yield


@contextmanager
def mode(path: Path, bits: int) -> Iterator[None]:
    """Other permissions for a while."""
    before = path.stat().st_mode
    path.chmod(bits)
    try:
        yield
    finally:
        path.chmod(before)


PERMISSIONS: list[Callable[[Path], object]] = [unreadable, closed_folder, of_another, read_only]


@fault("not-ours", "another program's file, a text, a newer schema in the place", quick=1, full=20)
def not_ours(ground: Ground, number: int) -> Round:
    """The start is refused, and not a byte is changed; with the record back all goes on."""
    recorded(ground)
    name = STRANGE_NAMES[number % len(STRANGE_NAMES)]
    path, ours = ground.victim.database, ground.own / "ours.db"
    path.replace(ours)
    ground.victim.database = strange = ground.data / ("notes" if name == "text" else "strange.db")
    make_strange(name, strange, ours)
    ground.victim.configure()
    before = strange.read_bytes()
    refused(ground)
    unchanged(strange, before)
    ours.replace(path)
    ground.victim.database = path
    ground.victim.configure()
    return nothing_aside(ground, ground.recover())


STRANGE_NAMES = ("foreign", "text", "newer")


def make_strange(name: str, path: Path, ours: Path) -> None:
    """A file that is not to be touched."""
    if name == "text":
        path.write_text("milk\neggs\n", encoding="utf-8")
        return
    if name == "newer":
        path.write_bytes(ours.read_bytes())
    with closing(sqlite3.connect(path, isolation_level=None)) as conn:
        if name == "newer":
            conn.execute("PRAGMA user_version = 9999")
            conn.execute("INSERT INTO schema_migration (name, applied) VALUES ('9999_later', '2030-01-01')")
            return
        conn.execute("CREATE TABLE cats (name TEXT)")
        conn.execute("INSERT INTO cats VALUES ('Mina')")


def recorded(ground: Ground) -> None:
    """A record from before, all of which must be there in the end."""
    planted(ground, "clean")
    old = template("clean").ledger
    ground.ledger.batches += old.batches
    ground.ledger.acknowledged += old.acknowledged


def refused(ground: Ground, prefix: list[str] | None = None) -> None:
    """The daemon does not start. Raises Died when it does, or ends in another way."""
    ground.victim.start(prefix=prefix or [], wait=False)
    status = ground.victim.wait_end()
    if status != REFUSED:
        raise Died(f"exit status {status} instead of {REFUSED}: {ground.victim.log_end()}")


def unchanged(path: Path, before: bytes) -> None:
    """Raises Died when a file is not what it was; a database may say that it was opened."""
    if uncounted(1, path.read_bytes()) != uncounted(1, before):
        raise Died(f"{path.name} was changed")


def nothing_aside(ground: Ground, recovery_s: float) -> Round:
    """All is in the one file, and no other was made of it."""
    names = [name.name for name in ground.data.iterdir() if SET_ASIDE in name.name]
    if names:
        raise Died(f"set aside without damage: {names}")
    if ground.victim.rows("SELECT 1 FROM recoveries"):
        raise Died("the table `recoveries` tells of a recovery")
    return Round(ground.judge(), recovery_s)


@contextmanager
def locked(path: Path, how: str) -> Iterator[None]:
    """Another program holds a lock on the database."""
    with closing(sqlite3.connect(path, isolation_level=None, timeout=30)) as conn:
        conn.execute(how)
        yield
        conn.execute("ROLLBACK")


def wait_for_hits(ground: Ground, hits: int = 1) -> None:
    """Until so many calls have failed, or the daemon has ended."""
    for _ in count():
        if ground.shim.hits >= hits:
            return
        if ground.victim.running.poll() is not None:
            raise Died(f"it ended of an error that passes: {ground.victim.log_end()}")
        threading.Event().wait(0.005)  # the shim counts in shared memory, and tells nobody
