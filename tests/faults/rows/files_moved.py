"""Files of the database are missing, stale, deleted or replaced, at the start and while it runs."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from collector.sqlite import sqlite3
from collector.store.database import shm_path, wal_path
from collector.store.retention.sizes import REPLACED, SET_ASIDE
from tests.faults.ground import Ground
from tests.faults.row import Round, fault
from tests.faults.victim import Died

Moved = Callable[[Ground], None]
OTHERS = ("CREATE TABLE cats (name TEXT)", "INSERT INTO cats VALUES ('Mina')")


# At the start. ----------------------------------------------------------------------------------


@fault("log-missing", "-wal deleted after SIGKILL", quick=1, full=40, suffix=True)
def log_missing(ground: Ground, number: int) -> Round:
    """What the log held is gone, and nothing else."""
    killed(ground)
    wal_path(ground.victim.database).unlink()
    recovery_s = ground.recover()
    return Round(ground.judge(), recovery_s)


@fault("index-stale", "-shm of another moment, or garbage, at the start", quick=1, full=40)
def index_stale(ground: Ground, number: int) -> Round:
    """SQLite must build the index anew from the log, and believe nothing that it finds."""
    index = shm_path(ground.victim.database)
    ground.victim.start()
    with ground.load():
        ground.ledger.wait_for(acknowledged=50)
        stale = index.read_bytes()
        ground.ledger.wait_for_more(200)
        ground.victim.kill()
    size = ground.random.choice((len(stale), 100, 200_000))
    index.write_bytes(stale if number % 2 else ground.random.randbytes(size))
    recovery_s = ground.recover()
    return Round(ground.judge(), recovery_s)


@fault("log-of-another", "-wal of another database beside ours, at the start", quick=1, full=40)
def log_of_another(ground: Ground, number: int) -> Round:
    """Our file is whole, since it ended in order; the log must be neither replayed into it nor believed."""
    ground.victim.start()
    with ground.load():
        ground.ledger.wait_for(acknowledged=200)
    ground.victim.stop()
    wal_path(ground.victim.database).write_bytes(foreign_log(ground.own / "other.db"))
    recovery_s = ground.recover()
    ground.victim.kill()
    ground.recover()
    return Round(ground.judge(), recovery_s)


def killed(ground: Ground) -> None:
    """A daemon that was killed under load, after one that ended in order."""
    for end in (ground.victim.stop, ground.victim.kill):
        ground.victim.start()
        with ground.load():
            ground.ledger.wait_for_more(200)
            if end == ground.victim.kill:
                end()
        end()


def foreign_log(path: Path) -> bytes:
    """The log of a database of another program, with something in it."""
    with closing(sqlite3.connect(path, isolation_level=None)) as conn:
        conn.execute("PRAGMA journal_mode = WAL")
        for sql in OTHERS:
            conn.execute(sql)
        return wal_path(path).read_bytes()


# While it runs. ---------------------------------------------------------------------------------


def delete_file(ground: Ground) -> None:
    """The database alone."""
    ground.victim.database.unlink()


def delete_log(ground: Ground) -> None:
    """Its log."""
    wal_path(ground.victim.database).unlink()


def delete_index(ground: Ground) -> None:
    """The index of its log."""
    shm_path(ground.victim.database).unlink()


def delete_all(ground: Ground) -> None:
    """The database and both companions."""
    path = ground.victim.database
    for each in (path, wal_path(path), shm_path(path)):
        each.unlink()


def delete_folder(ground: Ground) -> None:
    """The folder with all that is in it, the lock among it."""
    shutil.rmtree(ground.data)


def move_away(ground: Ground) -> None:
    """The database under another name."""
    ground.victim.database.rename(ground.data / "elsewhere.db")


def put_backup(ground: Ground) -> None:
    """An older copy of itself in its place, by one rename."""
    (ground.own / "backup.db").rename(ground.victim.database)


DELETED = [delete_file, delete_log, delete_folder, delete_index, delete_all]
REPLACED_BY = [put_backup, move_away]


@fault("files-deleted", "file, -wal, -shm, all or the folder deleted while running", quick=1, full=100)
def files_deleted(ground: Ground, number: int) -> Round:
    """Each in turn."""
    return moved(ground, DELETED[number % len(DELETED)])


@fault(
    "file-replaced",
    "an older backup in the file's place while running, or the file renamed",
    quick=1,
    full=40,
)
def file_replaced(ground: Ground, number: int) -> Round:
    """Each in turn."""
    return moved(ground, REPLACED_BY[number % len(REPLACED_BY)])


def moved(ground: Ground, move: Moved) -> Round:
    """Under load; nothing that was acknowledged before, during or after may be in no file."""
    path = ground.victim.database
    ground.victim.start()
    with ground.load(resend=False):
        ground.ledger.wait_for(acknowledged=100)
        backed_up(path, ground.own / "backup.db")
        ground.ledger.wait_for_more(ground.random.randint(50, 300))
        since = time.monotonic()
        move(ground)
        ground.victim.wait_for_event("database.moved")
        recovery_s = ground.probe() - since
        ground.ledger.wait_for_more(50)
    verdict = ground.judge(*kept(path))
    if not ground.victim.rows("SELECT 1 FROM recoveries"):
        raise Died("the table `recoveries` says nothing of it")
    return Round(verdict, recovery_s, {f"{move.__name__} s": recovery_s})


def backed_up(path: Path, into: Path) -> None:
    """A sound copy, as `collector db backup` makes it."""
    uri = f"file:{path}?mode=ro"
    with closing(sqlite3.connect(uri, uri=True)) as source, closing(sqlite3.connect(into)) as target:
        source.backup(target)


def kept(path: Path) -> list[Path]:
    """The files that were kept beside ``path``."""
    names = [*path.parent.glob(f"{path.name}{SET_ASIDE}*"), *path.parent.glob(f"{path.name}{REPLACED}*")]
    return [name for name in names if not name.name.endswith(("-wal", "-shm"))]


def others_file(ground: Ground) -> None:
    """Another program's database in its place; ours is put aside."""
    path = ground.victim.database
    path.rename(ground.data / "ours.db")
    with closing(sqlite3.connect(path, isolation_level=None)) as conn:
        for sql in OTHERS:
            conn.execute(sql)


@fault("file-foreign", "another program's file in the place while running, then taken away", quick=1, full=20)
def file_foreign(ground: Ground, number: int) -> Round:
    """It is not written into, and recording goes on as soon as it is gone."""
    path = ground.victim.database
    ground.victim.start()
    with ground.load(resend=False):
        ground.ledger.wait_for(acknowledged=ground.random.randint(50, 300))
        others_file(ground)
        theirs = path.read_bytes()
        ground.victim.wait_for_event("database.moved")
        ground.victim.wait_for_event("writer.not_mended")
        if path.read_bytes() != theirs:
            raise Died("the file of another program was written into")
        path.unlink()
        since = time.monotonic()
        recovery_s = ground.probe() - since
        ground.ledger.wait_for_more(50)
    return Round(ground.judge(*kept(path)), recovery_s)
