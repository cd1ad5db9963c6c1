"""One daemon a database: held by a real process, freed however it ends."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from collector.errors import AlreadyRunning, DatabaseError
from collector.store.failures import Trouble
from collector.store.lock import (
    COMMAND_PATIENCE_SECONDS,
    PATIENCE_SECONDS,
    Holder,
    InstanceLock,
    holder,
    lock_path,
)

HOLD = """
import sys
from pathlib import Path
from collector.store.lock import InstanceLock
lock = InstanceLock(Path(sys.argv[1]))
lock.acquire("collector run", Path("/run/c.sock"))
print("held", flush=True)
sys.stdin.read()
lock.release()
"""


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """Only its name matters."""
    return tmp_path / "c.db"


@pytest.fixture
def other(database: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that holds the lock until its input ends."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(database)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_the_second_holder_is_told_who_the_first_is(database: Path, other: subprocess.Popen[str]) -> None:
    """Within two seconds, by its process number."""
    start = time.monotonic()
    with pytest.raises(AlreadyRunning) as caught:
        InstanceLock(database).acquire("collector run")
    assert time.monotonic() - start < 2
    assert caught.value.message == f"{database} is in use by collector run, process {other.pid}"
    assert "collector status" in caught.value.hint
    assert caught.value.exit_code == 1


def test_a_process_that_was_killed_holds_nothing(database: Path, other: subprocess.Popen[str]) -> None:
    """The kernel lets go of it; what it wrote into the file is not believed."""
    other.send_signal(signal.SIGKILL)
    other.wait(10)
    assert lock_path(database).stat().st_size > 0
    assert holder(database) is None
    lock = InstanceLock(database)
    lock.acquire("collector run")
    mine = holder(database)
    assert mine is not None
    assert mine.pid == os.getpid()
    lock.release()


def test_the_holder_tells_where_it_can_be_reached(database: Path, other: subprocess.Popen[str]) -> None:
    """So a command finds the daemon of a database, whatever config that runs with."""
    found = holder(database)
    assert found is not None
    assert (found.pid, found.what, found.socket) == (other.pid, "collector run", "/run/c.sock")
    assert abs(found.since_ms - time.time() * 1000) < 60_000


def test_nobody_holds_what_was_released(database: Path, other: subprocess.Popen[str]) -> None:
    """The file stays: unlinking it would let two processes lock two files of one name."""
    _, _ = other.communicate("", timeout=10)
    assert holder(database) is None
    assert lock_path(database).exists()
    InstanceLock(database).acquire("a collector command")


def test_nobody_holds_a_lock_that_was_never_taken(database: Path) -> None:
    """And asking makes no file."""
    assert holder(database) is None
    assert not lock_path(database).exists()


def test_releasing_twice_is_fine(database: Path) -> None:
    """Also what was never acquired."""
    lock = InstanceLock(database)
    lock.release()
    lock.acquire("collector run")
    lock.release()
    lock.release()
    assert holder(database) is None


def test_a_reader_takes_the_lock_from_nobody(database: Path) -> None:
    """One that looks all the time neither frees it nor keeps the next one from taking it."""
    stop = threading.Event()

    def look() -> None:
        while not stop.is_set():
            holder(database)

    looking = [threading.Thread(target=look, daemon=True) for _ in range(2)]
    for thread in looking:
        thread.start()
    lock = InstanceLock(database)
    for _ in range(50):
        lock.acquire("collector run")
        assert holder(database) is not None
        lock.release()
    stop.set()
    for thread in looking:
        thread.join(10)


def test_a_lock_whose_holder_has_not_signed_yet_is_held_by_somebody(
    database: Path, other: subprocess.Popen[str]
) -> None:
    """Between taking it and writing the name."""
    lock_path(database).write_bytes(b"")
    assert holder(database) == Holder(0, 0, "somebody", "")
    with pytest.raises(AlreadyRunning, match="is in use by another process"):
        InstanceLock(database).acquire("collector run")


def test_a_disk_that_takes_no_name_keeps_nobody_from_the_lock(database: Path) -> None:
    """It is held all the same, and signed as soon as there is room."""
    lock = InstanceLock(database)
    least, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, most))  # each write fails, as on a full disk
    try:
        lock.acquire("collector run", Path("/run/c.sock"))
        lock.mark()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (least, most))
    assert holder(database) == Holder(0, 0, "somebody", "")
    lock.mark()
    found = holder(database)
    assert found is not None
    assert (found.pid, found.socket, found.is_ours) == (os.getpid(), "/run/c.sock", True)
    lock.release()


@pytest.mark.parametrize("text", [b"garbage", b'{"pid": 1}', b"[1]", b'["a", 2, 3, 4]', b"\xff" * 5000])
def test_whatever_stands_in_the_file_is_no_reason_to_fail(
    database: Path, other: subprocess.Popen[str], text: bytes
) -> None:
    """It is only there to be read by people and commands."""
    lock_path(database).write_bytes(text)
    assert holder(database) == Holder(0, 0, "somebody", "")


def test_the_lock_is_private_and_does_not_pass_to_children(database: Path) -> None:
    """A workload that outlives us must not hold it."""
    lock = InstanceLock(database)
    lock.acquire("collector run")
    assert lock_path(database).stat().st_mode & 0o777 == 0o600
    assert json.loads(lock_path(database).read_bytes())[0] == os.getpid()
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, close_fds=False) as child:
        lock.release()
        InstanceLock(database).acquire("collector run")
        child.kill()


def test_a_lock_makes_its_folder(tmp_path: Path) -> None:
    """It is taken before the database is opened."""
    lock = InstanceLock(tmp_path / "state/collector/c.db")
    lock.acquire("collector run")
    assert (tmp_path / "state/collector").stat().st_mode & 0o777 == 0o700
    lock.release()


def test_a_place_where_no_lock_can_be_made_is_refused_in_one_sentence(tmp_path: Path) -> None:
    """With what to do."""
    with pytest.raises(DatabaseError, match="/proc/collector: No such file") as caught:
        InstanceLock(Path("/proc/collector/c.db")).acquire("collector run")
    assert "set `database`" in caught.value.hint
    lock_path(tmp_path / "c.db").mkdir()
    with pytest.raises(DatabaseError, match=r"c\.db\.lock: Is a directory"):
        InstanceLock(tmp_path / "c.db").acquire("collector run")


class Waiting:
    """A clock that only waiting moves; ``free`` lets go of the lock when it shows ``at`` seconds."""

    def __init__(self, at: float = 1e9, free: InstanceLock | None = None) -> None:
        self.seconds = 0.0
        self._at = at
        self._free = free

    def now(self) -> float:
        """Seconds waited so far."""
        return self.seconds

    def pause(self, seconds: float) -> None:
        """Wait."""
        self.seconds += seconds
        if self._free is not None and self.seconds >= self._at:
            self._free.release()


def test_a_recorder_waits_for_a_command_to_let_go(database: Path) -> None:
    """Commands do so after half a second."""
    command = InstanceLock(database)
    command.acquire("a collector command")
    waiting = Waiting(1.2, command)
    recorder = InstanceLock(database, waiting.now, waiting.pause)
    recorder.acquire("collector run", Path("/run/c.sock"))
    assert 1.2 <= waiting.seconds < 1.3
    recorder.release()


@pytest.mark.parametrize(
    ("theirs", "ours", "seconds"),
    [
        (None, Path("/run/c.sock"), COMMAND_PATIENCE_SECONDS),
        (Path("/run/first.sock"), Path("/run/c.sock"), PATIENCE_SECONDS),
        (None, None, PATIENCE_SECONDS),
    ],
    ids=["recorder behind a command", "recorder behind a recorder", "command behind a command"],
)
def test_waiting_for_the_lock_has_an_end(
    database: Path, theirs: Path | None, ours: Path | None, seconds: float
) -> None:
    """Then who holds it is named."""
    first = InstanceLock(database)
    first.acquire("the first", theirs)
    waiting = Waiting()
    with pytest.raises(AlreadyRunning, match=f"is in use by the first, process {os.getpid()}"):
        InstanceLock(database, waiting.now, waiting.pause).acquire("collector run", ours)
    assert seconds < waiting.seconds < seconds + 0.05
    first.release()


def test_waiting_for_the_lock_is_short() -> None:
    """The second daemon exits within two seconds, start-up included."""
    assert PATIENCE_SECONDS <= 0.5
    assert COMMAND_PATIENCE_SECONDS <= 1.5


def test_that_a_record_of_ours_stood_there_is_remembered(database: Path) -> None:
    """Through releases and other holders: a file damaged beyond recognition is not taken for a stranger's."""
    first, second = InstanceLock(database), InstanceLock(database)
    first.acquire("one")
    assert first.is_ours is False
    first.mark()
    first.release()
    second.acquire("another with a longer name")
    assert second.is_ours is True
    found = holder(database)
    assert found is not None
    assert found.what == "another with a longer name"
    second.release()


def test_a_lock_whose_file_was_deleted_is_taken_again(database: Path) -> None:
    """Else the next to come would find none."""
    first = InstanceLock(database)
    first.acquire("one")
    lock_path(database).unlink()
    first.renew()
    found = holder(database)
    assert found is not None
    assert found.what == "one"
    first.release()


def test_a_lock_that_another_has_taken_meanwhile_is_not(database: Path) -> None:
    """Two must never write."""
    first, second = InstanceLock(database), InstanceLock(database)
    first.acquire("one")
    lock_path(database).unlink()
    second.acquire("two")
    with pytest.raises(Trouble, match="another recorder holds the new one"):
        first.renew()
    second.release()
    first.release()


def test_a_link_in_the_place_of_the_lock_is_not_followed(database: Path, tmp_path: Path) -> None:
    """What it leads to would be overwritten."""
    target = tmp_path / "precious"
    target.write_text("precious")
    lock_path(database).symlink_to(target)
    with pytest.raises(DatabaseError):
        InstanceLock(database).acquire("one")
    assert target.read_text() == "precious"
