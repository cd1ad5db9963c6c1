"""What is recorded is for this user alone: every file 0600, every folder 0700, whatever the umask."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from collector.errors import DatabaseError
from collector.sqlite import sqlite3
from collector.store.database import open_writer
from tests.daemon.conftest import Recorder


@contextmanager
def umask(mask: int) -> Iterator[None]:
    """This process, and those that it starts, make files with that mask."""
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


def modes(folder: Path) -> dict[str, str]:
    """What stands in ``folder`` and below, and how."""
    return {
        str(path.relative_to(folder)): stat.filemode(path.lstat().st_mode)
        for path in sorted(folder.rglob("*"))
    }


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o077])
def test_a_database_is_for_this_user_alone(tmp_path: Path, mask: int) -> None:
    """Whoever opens it first: a command, too, which has no umask of its own."""
    with umask(mask):
        database = open_writer(tmp_path / "way" / "c.db")
        made = modes(tmp_path)
        database.close()
    assert made == {"way": "drwx------", "way/c.db": "-rw-------"}


def test_a_record_that_was_opened_to_others_is_closed_to_them(tmp_path: Path) -> None:
    """It was copied here by hand, or somebody tried: its log and index are made with its mode."""
    path = tmp_path / "c.db"
    open_writer(path).close()
    path.chmod(0o666)
    database = open_writer(path)
    database.execute_sql("CREATE TABLE t (a)")
    made = modes(tmp_path)
    database.close()
    assert made == dict.fromkeys(["c.db", "c.db-shm", "c.db-wal"], "-rw-------")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_nothing_is_recorded_into_the_file_of_another_user(tmp_path: Path) -> None:
    """He made it first, empty, where the record was to stand."""
    path = tmp_path / "c.db"
    path.touch()
    os.chown(path, 65534, -1)
    with pytest.raises(DatabaseError, match="belongs to another user"):
        open_writer(path)
    assert path.stat().st_size == 0


def test_another_programs_file_keeps_its_mode(tmp_path: Path) -> None:
    """It is refused before anything is done to it."""
    path = tmp_path / "c.db"
    with closing(sqlite3.connect(path)) as conn:
        conn.execute("CREATE TABLE cats (name)")
    path.chmod(0o644)
    with pytest.raises(DatabaseError, match="another program"):
        open_writer(path)
    assert modes(tmp_path) == {"c.db": "-rw-r--r--"}


def test_what_the_daemon_makes_is_for_this_user_alone(tmp_path: Path) -> None:
    """Database, log, index, lock, ballast, socket and backup, and the folders; it brings its own umask."""
    with tempfile.TemporaryDirectory() as notify_folder:
        recorder = Recorder(tmp_path, notify_folder)
        recorder.database = tmp_path / "deep" / "way" / "down" / "c.db"
        recorder.configure()
        try:
            with umask(0o000):
                recorder.start()
                copied = subprocess.run(
                    [sys.executable, "-m", "collector", "db", "backup", str(tmp_path / "deep" / "copy.db"),
                     "--config", str(recorder.config)],
                    capture_output=True, timeout=30, check=False,
                )  # fmt: skip
            made = modes(tmp_path / "deep")
        finally:
            recorder.end()
    assert (copied.returncode, copied.stderr) == (0, b"")
    assert {
        "copy.db",
        "way",
        "way/down/c.db",
        "way/down/c.db-wal",
        "way/down/c.db-shm",
        "way/down/c.db.lock",
        "way/down/run",
    } < {*made}
    assert made.pop("way/down/run/c.sock") == "srw-------"
    assert {name: mode for name, mode in made.items() if mode not in ("-rw-------", "drwx------")} == {}
