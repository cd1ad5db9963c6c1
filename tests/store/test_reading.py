"""What is recorded can be read on a disk that is full."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from collector.errors import AlreadyRunning, DatabaseError
from collector.orm import select
from collector.store.database import open_writer, shm_path
from collector.store.lock import InstanceLock
from collector.store.reading import reading
from tests.answers.made import MINUTE, Made

AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small disk")


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A disk of 2 MB."""
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "collector-test", str(tmp_path)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("nothing can be mounted here")
    yield tmp_path
    subprocess.run(["umount", "--lazy", str(tmp_path)], check=True)


def recorded(folder: Path) -> Path:
    """A record with one run, whose recorder has ended."""
    path = folder / "c.db"
    lock = InstanceLock(path)
    lock.acquire("collector run")
    lock.release()
    made = Made(path, 1_772_000_000_000)
    made.run("it", MINUTE)
    made.conn.commit()
    made.close()
    return path


def fill(folder: Path) -> None:
    """To the last byte."""
    fd = os.open(folder / "filler", os.O_WRONLY | os.O_CREAT)
    with suppress(OSError):
        while os.write(fd, b"x" * 4096):
            pass
    os.close(fd)


@AS_ROOT
def test_a_record_on_a_full_disk_is_read_where_nobody_records(small: Path) -> None:
    """SQLite finds no room for the index of a log, of which there is none."""
    path = recorded(small)
    fill(small)
    with reading(path) as database:
        assert select(database, "SELECT count(*) FROM workload_runs") == [(1,)]
        with pytest.raises(AlreadyRunning):
            InstanceLock(path).acquire("collector run")


@AS_ROOT
@pytest.mark.parametrize("why", ["a log", "a recorder"])
def test_where_it_cannot_be_read_so_the_full_disk_is_named(small: Path, why: str) -> None:
    """With rows in the log, or somebody who may write."""
    path = recorded(small)
    with closing(open_writer(path, "normal")) as writer:
        if why == "a log":
            writer.execute_sql("UPDATE workload_runs SET wall_ms = 1")
            log = path.with_name("c.db-wal").read_bytes()
    lock = InstanceLock(path)
    if why == "a log":
        path.with_name("c.db-wal").write_bytes(log)
    else:
        lock.acquire("collector run")
    fill(small)
    shm_path(path).unlink(missing_ok=True)
    with pytest.raises(DatabaseError) as refused, reading(path):
        pass
    lock.release()
    assert refused.value.message == f"{path}: the disk is full"
    assert str(refused.value.hint).startswith("free some space")
