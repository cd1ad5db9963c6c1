"""What the shim does to a program that writes a database, and to nothing else."""

from __future__ import annotations

import errno
import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.powercut import Disk, contents
from tests.faults.shim import Calls, Mode, NoCompiler, Shim

# Commits ten rows, each told after its commit; what fails is told by name.
WRITER = """
import os, subprocess, sys, time
from collector.sqlite import sqlite3
conn = sqlite3.connect(sys.argv[1], isolation_level=None)
conn.execute("PRAGMA journal_mode = wal")
conn.execute("PRAGMA synchronous = full")
conn.execute("CREATE TABLE IF NOT EXISTS t (n INTEGER, filler TEXT)")
for n in range(10):
    try:
        conn.execute("INSERT INTO t VALUES (?, ?)", (n, "x" * 2000))
        print(n, flush=True)
    except sqlite3.OperationalError as error:
        print(error.sqlite_errorname, flush=True)
os._exit(0)
"""
CLOCKS = """
import datetime, os, subprocess, sys, time
print(time.time(), datetime.datetime.now(datetime.timezone.utc).timestamp(), time.monotonic())
child = "import os, time; print(time.time(), *os.environ)"
print(subprocess.check_output([sys.executable, "-c", child], text=True))
"""

Write = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def shim(tmp_path: Path) -> Shim:
    """Around ``data/c.db``."""
    (tmp_path / "data").mkdir()
    try:
        return Shim(tmp_path, tmp_path / "data" / "c.db")
    except NoCompiler as reason:
        pytest.skip(str(reason))


@pytest.fixture
def write(tmp_path: Path, shim: Shim) -> Write:
    """Runs a program under the shim on a database of the given name."""

    def run(program: str = WRITER, name: str = "c.db") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", program, str(tmp_path / "data" / name)],
            env={**os.environ, **shim.environment()}, capture_output=True, text=True, timeout=30, check=False,
        )  # fmt: skip

    return run


def test_it_counts_calls_and_changes_nothing(shim: Shim, write: Write) -> None:
    """A scenario's calls can be counted before one of them is made to fail."""
    shim.watch(Calls.SYNC)
    assert write().stdout.split() == [str(n) for n in range(10)]
    assert shim.count >= 10
    assert shim.hits == 0


def test_it_spares_other_files(shim: Shim, write: Write) -> None:
    """Another name in the same folder; of syncs, the folder's own is everybody's."""
    shim.arm(Mode.ERROR, Calls.ALL & ~Calls.SYNC, ever=True)
    assert write(name="other.db").stdout.split() == [str(n) for n in range(10)]
    assert shim.count == 0


def test_it_kills_at_the_nth_call(shim: Shim, write: Write) -> None:
    """The same N each time, so that a scenario can be cut at each of its calls."""
    write()
    shim.watch(Calls.SYNC)
    write()
    shim.arm(Mode.KILL, Calls.SYNC, shim.count - 3)
    killed = write()
    assert killed.returncode == -signal.SIGKILL
    assert 0 < len(killed.stdout.split()) < 10
    assert shim.hits == 1


@pytest.mark.parametrize("ever", [False, True])
@pytest.mark.parametrize(("number", "name"), [(errno.EIO, "SQLITE_IOERR"), (errno.ENOSPC, "SQLITE_FULL")])
def test_it_fails_once_or_ever_after(shim: Shim, write: Write, number: int, name: str, ever: bool) -> None:
    """A write fails with the given error, and half of it is on the disk."""
    write()
    shim.arm(Mode.ERROR, Calls.WRITE, 12, error=number, ever=ever, half=True)  # past what opening writes
    said = [line for line in write().stdout.split() if not line.isdigit()]
    assert set(said) == {name}
    assert (len(said) > 1) == ever == (shim.hits > 1)


def test_the_same_seed_fails_the_same_calls(shim: Shim, write: Write) -> None:
    """One call in five."""
    write()
    said = []
    for seed in (1, 1, 2):
        (shim.journal.parent / "data" / "c.db").unlink()
        shim.arm(Mode.RANDOM, Calls.SYNC, permille=200, seed=seed)
        said.append(write().stdout)
    assert said[0] == said[1] != said[2]


def test_a_hung_call_goes_on_when_it_is_let(tmp_path: Path, shim: Shim) -> None:
    """As a disk that does not answer for a while."""
    shim.arm(Mode.HANG, Calls.SYNC)
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(tmp_path / "data" / "c.db")],
        env={**os.environ, **shim.environment()}, stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.5)
        shim.off()
        assert process.communicate(timeout=30)[0].split() == [str(n) for n in range(10)]


def test_only_the_wall_clock_moves_and_only_its_own(shim: Shim, write: Write) -> None:
    """A child has the true time, and knows nothing of the shim."""
    shim.shift_clock(-86_400_000)
    own, child = write(CLOCKS).stdout.strip().splitlines()
    shim.shift_clock(0)
    wall, civil, monotonic = map(float, own.split())
    truth = write(CLOCKS).stdout.split()
    assert 86_399 < float(truth[0]) - wall < 86_460
    assert abs(civil - wall) < 1
    assert 0 < float(truth[2]) - monotonic < 60
    assert abs(float(child.split()[0]) - float(truth[0])) < 60
    assert "LD_PRELOAD" not in child
    assert "FAULTS_CONTROL" not in child


def test_what_was_synced_outlives_a_power_cut(tmp_path: Path, shim: Shim, write: Write) -> None:
    """Whatever is left of the rest, at whichever call the power goes, SQLite makes sense of it."""
    before = contents(tmp_path / "data")
    shim.record()
    write()
    entries = list(shim.entries())
    assert {Calls.WRITE, Calls.SYNC} <= {entry.call for entry in entries}
    for number, end in enumerate(random.Random(1).sample(range(1, len(entries) + 1), 10)):
        into = tmp_path / f"cut{number}"
        into.mkdir()
        Disk(tmp_path / "data", before).replay(entries[:end]).cut(into, random.Random(number))
        whole = end == len(entries)
        assert rows(into / "c.db") >= (10 if whole else 0)


def rows(path: Path) -> int:
    """How many rows a sound database has; 0 when there is no table yet."""
    from collector.sqlite import sqlite3

    conn = sqlite3.connect(path)
    assert conn.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    there = conn.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    count: int = conn.execute("SELECT count(*) FROM t").fetchone()[0] if there else 0
    conn.close()
    return count
