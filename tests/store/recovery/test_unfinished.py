"""What was begun beside the record by somebody who was killed is finished, or undone, at the next start."""

from __future__ import annotations

import os
import shutil
import sqlite3 as stdlib
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from collector.errors import DatabaseError
from collector.store.database import inode, shm_path, wal_path
from collector.store.recovery import rescue
from collector.store.recovery.aside import lying
from collector.store.recovery.place import Place
from collector.store.recovery.spared import SPARED, put_back, spare
from collector.store.retention.sizes import REPLACED
from tests.store.recovery.test_place import GAP, at, rows


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a record stood when its recorder was killed: a file, and its log with a row."""
    writer = at(tmp_path / "writer")
    writer.open()
    writer.conn.execute(GAP, (1, 2))
    path = tmp_path / "record"
    for of in (Path, wal_path):
        shutil.copy(of(writer.path), of(path))
    writer.close()
    return path


@pytest.fixture
def theirs(tmp_path: Path) -> Iterator[Path]:
    """A database of another program that has it open, with a row in its log."""
    path = tmp_path / "theirs"
    with closing(stdlib.connect(path, isolation_level=None)) as other:
        other.execute("PRAGMA journal_mode = wal")
        other.execute("CREATE TABLE theirs (a)")
        other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        other.execute("INSERT INTO theirs VALUES (7)")
        yield path


def opened(path: Path) -> Place:
    """By the next recorder."""
    place = at(path, was_ours=True)
    assert place.open() is True
    return place


def of_another_program(path: Path) -> list[tuple[int]]:
    """What it finds there."""
    with closing(stdlib.connect(path)) as other:
        return other.execute("SELECT a FROM theirs").fetchall()


def spared(path: Path) -> None:
    """As by a recorder that is killed while it closes what it has open."""
    for companion in (wal_path(path), shm_path(path)):
        spare(companion, path)


def files(path: Path, mark: str) -> list[str]:
    """The names of the files beside that go on so."""
    return sorted(each.name for each in path.parent.iterdir() if each.name.startswith(path.name + mark))


# A restore ----------------------------------------------------------------------------------------


def renamed_by_a_restore(path: Path) -> Path:
    """It has a second name, under which its log is already; a restore was killed there."""
    second = path.with_name(f"{path.name}{REPLACED}20260101T000000")
    os.link(path, second)
    wal_path(path).rename(wal_path(second))
    return second


@pytest.mark.parametrize("leftover", [False, True], ids=["", "an empty log"])
def test_a_restore_that_was_killed_costs_the_record_no_row(path: Path, leftover: bool) -> None:
    """Its log comes back, also where somebody who only looked at it has left an empty one."""
    renamed_by_a_restore(path)
    if leftover:
        wal_path(path).touch()
        shm_path(path).write_bytes(bytes(32768))
    place = opened(path)
    assert rows(place, "SELECT from_ms FROM gaps") == [(1,)]
    assert (files(path, REPLACED), path.stat().st_nlink) == ([], 1)
    place.close()


def test_a_damaged_record_is_set_aside_with_the_log_that_a_killed_restore_took(path: Path) -> None:
    """What can be saved of it may be in there."""
    second = renamed_by_a_restore(path)
    second.write_bytes(b"garbage " * 2000)
    log = bytes(32) + wal_path(second).read_bytes()[32:]
    wal_path(second).write_bytes(log)
    place = opened(path)
    (lies,) = lying(path)
    assert wal_path(lies).read_bytes() == log
    place.close()


# A log of others ----------------------------------------------------------------------------------


@pytest.mark.parametrize("leftover", [False, True], ids=["", "an empty log"])
def test_another_programs_log_comes_back(theirs: Path, leftover: bool) -> None:
    """With what it has committed; and the file is left to it."""
    spared(theirs)
    if leftover:
        wal_path(theirs).touch()
        shm_path(theirs).write_bytes(bytes(32768))
    with pytest.raises(DatabaseError, match="another program"):
        opened(theirs)
    assert of_another_program(theirs) == [(7,)]
    assert files(theirs, f"-wal{SPARED}") + files(theirs, f"-shm{SPARED}") == []


def test_it_comes_back_once_where_somebody_was_killed_half_way(theirs: Path) -> None:
    """When it had both names."""
    for companion in (wal_path(theirs), shm_path(theirs)):
        spare(companion, theirs)
        os.link(*files_of(companion), companion)
    put_back(theirs)
    assert (wal_path(theirs).stat().st_nlink, shm_path(theirs).stat().st_nlink) == (1, 1)
    assert of_another_program(theirs) == [(7,)]


def files_of(companion: Path) -> list[Path]:
    """Where it is spared."""
    return [companion.with_name(name) for name in files(companion, SPARED)]


def test_it_never_comes_beside_another_file(theirs: Path, path: Path) -> None:
    """Into which it would be replayed: it is set aside, and told of."""
    path.rename(path.with_name("kept"))
    wal_path(path).unlink()
    for of in (Path, wal_path, shm_path):
        of(theirs).rename(of(path))
    log = wal_path(path).read_bytes()
    spared(path)
    path.rename(theirs)
    path.with_name("kept").rename(path)
    place = opened(path)
    ((lies,),) = rows(place, "SELECT aside FROM recoveries WHERE reason = 'deleted'")
    assert path.with_name(lies).read_bytes() == log
    assert lying(path) == files(path, f"-shm{SPARED}") == []
    place.close()


def test_a_log_that_they_have_begun_meanwhile_stays(theirs: Path) -> None:
    """As the one before does, under another name."""
    stands = (inode(theirs), (0, 0), (0, 0))
    with rescue.log_taken_away(theirs, stands):
        wal_path(theirs).write_bytes(b"a new log")
    assert wal_path(theirs).read_bytes() == b"a new log"
    assert len(files(theirs, f"-wal{SPARED}")) == 1
