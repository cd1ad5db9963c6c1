"""Processes and threads side by side, files that come and go, and the end."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import collector
from collector.api import Recording
from collector.errors import CollectorError, DatabaseError
from tests.api.conftest import everything, skill
from tests.api.running import Running


@pytest.fixture
def started(path: Path) -> Iterator[Callable[[str], subprocess.Popen[bytes]]]:
    """Runs scripts that have ``record`` open, as processes."""
    begun: list[subprocess.Popen[bytes]] = []
    before = f"import collector\nrecord = collector.open({str(path)!r})\n"

    def start(code: str) -> subprocess.Popen[bytes]:
        begun.append(subprocess.Popen([sys.executable, "-c", before + code]))
        return begun[-1]

    yield start
    for process in begun:
        process.kill()
        process.wait(10)


@pytest.mark.long
@pytest.mark.parametrize("beside", [True, False])
def test_two_processes_write_at_once(
    path: Path, started: Callable[[str], subprocess.Popen[bytes]], beside: bool
) -> None:
    """Nothing is lost, and nobody is turned away for the other's sake."""
    daemon = Running(path) if beside else None
    code = """
columns = dict(execution_ms=1, tokens_in=1, tokens_out=1, success=True)
for n in range(10):
    record.create("skill", skill_id={me!r}, id=f"{me}-{{n}}", **columns)
    record.update("skill", where={{"record_id": f"{me}-{{n}}"}}, set={{"tokens_in": n}})
record.create_many("skill", (dict(skill_id={me!r}, **columns) for _ in range(12_000)))
"""
    processes = [started(code.format(me=me)) for me in ("one", "two")]
    assert [process.wait(40) for process in processes] == [0, 0]
    if daemon:
        daemon.stop()
    with collector.open(path) as record:
        assert [record.skill_averages(me).total_runs for me in ("one", "two")] == [12_010, 12_010]
        assert sum(row["tokens_in"] for row in record.read("skill", {"tokens_in": range(2, 10)})) == 88


def test_threads_may_share_it(record: Recording) -> None:
    """Writing and reading."""

    def work(number: int) -> list[Any]:
        return everything(record, f"t{number}-")

    with ThreadPoolExecutor(6) as threads:
        told = [*threads.map(work, range(6))]
    assert [one[0] for one in told] == [9] * 6
    assert len(record.read("skill")) == 12


def test_nothing_is_kept_open_for_writing(path: Path) -> None:
    """Another recorder may begin between any two calls."""
    with collector.open(path) as record:
        everything(record, "a")
        Running(path).stop()
        everything(record, "b")


def test_without_a_daemon_all_of_it_stands_in_the_one_file(path: Path) -> None:
    """What is written last, too, so that the file can be copied; the lock's file stays."""
    with collector.open(path) as record:
        everything(record, "a")
        record.create("skill", **skill())
    assert {file.name: file.stat().st_size > 0 for file in path.parent.iterdir()} == {
        "c.db": True,
        "c.db.lock": True,
    }


def test_where_nothing_is_recorded_reading_says_so_and_writing_begins(path: Path) -> None:
    """As the commands do; looking makes no file."""
    with collector.open(path) as record:
        with pytest.raises(DatabaseError, match="nothing is recorded yet"):
            record.read("skill")
        assert not path.exists()
        record.create("skill", **skill())
        assert len(record.skills()) == 1


def test_a_file_that_was_replaced_is_opened_again(path: Path, tmp_path: Path) -> None:
    """The recorder sets a damaged one aside."""
    with collector.open(path) as record:
        record.create("skill", **skill("old"))
        assert record.skills() == ["old"]
        path.rename(tmp_path / "aside.db")
        record.create("skill", **skill("new"))
        assert record.skills() == ["new"]


def test_the_file_of_another_program_is_left_alone(path: Path) -> None:
    """Neither read nor written."""
    path.write_bytes(b"no database at all, but long enough to look like one" * 100)
    with collector.open(path) as record:
        for attempt in (lambda: record.read("skill"), lambda: record.delete("skill", until_ms=5)):
            with pytest.raises(DatabaseError):
                attempt()


def test_closing_twice_is_fine_and_using_it_afterwards_is_not(path: Path) -> None:
    """Every method says so."""
    record = collector.open(str(path))
    record.create("skill", **skill())
    record.close()
    record.close()
    for attempt in (
        lambda: record.create("skill", **skill()),
        lambda: record.create_many("skill", []),
        lambda: record.read("skill"),
        record.skills,
        lambda: record.update("skill", where={"id": 1}, set={"success": False}),
        lambda: record.transaction().__enter__(),
        record.__enter__,
    ):
        with pytest.raises(CollectorError, match="is closed"):
            attempt()


def test_a_child_after_a_fork_is_told_to_open_it_again(path: Path) -> None:
    """It has no thread that reads, and must not close what its parent reads with."""
    with collector.open(path) as record:
        record.create("skill", **skill())
        child = os.fork()
        if child == 0:
            try:
                record.read("skill")
            except CollectorError as error:
                os._exit(7 if "another process" in error.message else 1)
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
        assert len(record.read("skill")) == 1


def test_without_a_path_the_configured_record_is_meant(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As for every command."""
    config = tmp_path / "c.toml"
    config.write_text(f'[collector]\ndatabase = "{tmp_path / "deep" / "mine.db"}"\n', encoding="utf-8")
    config.chmod(0o600)
    monkeypatch.setenv("COLLECTOR_CONFIG", str(config))
    with collector.open() as record:
        record.create("skill", **skill())
    assert (tmp_path / "deep" / "mine.db").exists()


IMPORTS = """
import sys
before = set(sys.modules)
import collector
assert set(sys.modules) - before == {"collector"}, set(sys.modules) - before
import sqlite3
mine = sqlite3.connect("mine.db", isolation_level=None)
mine.execute("CREATE TABLE t (a)")
mine.execute("BEGIN IMMEDIATE")
with collector.open("c.db") as record:
    record.create("skill", skill_id="a", execution_ms=1, tokens_in=1, tokens_out=1, success=True)
    assert record.skills() == ["a"]
mine.execute("INSERT INTO t VALUES (1)")
mine.execute("COMMIT")
assert sqlite3.connect("mine.db").execute("SELECT a FROM t").fetchall() == [(1,)]
from collector.orm import peewee
from collector.sqlite import sqlite3 as ours
assert peewee.sqlite3 is ours
"""


def test_an_application_keeps_its_own_sqlite(tmp_path: Path) -> None:
    """Its files stay open and locked; importing `collector` alone loads nothing."""
    done = subprocess.run(
        [sys.executable, "-c", IMPORTS], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=30
    )
    assert done.returncode == 0, done.stderr
