"""What a run of the recorder holds of its database, with a real writer's thread on a real file."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from collector import clock
from collector.hearing import Hearing
from collector.orm import select
from collector.recording import Recording
from collector.sections import Recorder
from collector.settings import Settings, WorkloadSettings
from collector.store.buffer import Buffer
from collector.store.database import open_reader
from collector.units import Duration
from collector.workloads.command import Command
from tests.faults.shim import Calls, Mode, NoCompiler, Shim

Events = Callable[[], list[dict[str, Any]]]
PATIENCE_SECONDS = 10.0

# Opens the file, begins the session and ends it, each when it is told to.
SESSION = """
import sys
from pathlib import Path
from tests.test_recording import recording_into
from collector import log
log.configure(style="json")
recording = recording_into(Path(sys.argv[1]))
with recording.locked(), recording.writing():
    print("open", flush=True)
    sys.stdin.readline()
    with recording.session(patience_seconds=0.1):
        print("goes on", flush=True)
        sys.stdin.readline()
print("drained" if recording.drained else "hung")
"""


def recording_into(path: Path, workloads: tuple[WorkloadSettings, ...] = ()) -> Recording:
    """One that is not entered yet."""
    settings = Settings(path=None, collector=Recorder(database=path), workloads=workloads)
    buffer = Buffer()
    return Recording(settings, buffer, Hearing(settings, buffer, -1), clock.now())


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A database to be."""
    (tmp_path / "data").mkdir()
    return tmp_path / "data" / "c.db"


@pytest.fixture
def shim(tmp_path: Path, path: Path) -> Iterator[Shim]:
    """A disk that can hang; at the end it comes back in any case."""
    try:
        made = Shim(tmp_path, path)
    except NoCompiler as reason:
        pytest.skip(str(reason))
    yield made
    made.off()


def rows(path: Path, sql: str) -> list[Any]:
    """What an answer to ``sql`` holds."""
    database = open_reader(path)
    try:
        return select(database, sql)
    finally:
        database.close()


def test_the_start_goes_on_while_the_writer_does_not_come_to_the_first_commit(
    path: Path, events: Events
) -> None:
    """Nothing has failed, so there is no reason to tell; the session begins when the writer goes on."""
    recording, goes_on = recording_into(path), threading.Event()
    with recording.locked(), recording.writing() as writer:
        writer.ask("held up", lambda _: goes_on.wait(PATIENCE_SECONDS))
        with recording.session(patience_seconds=0.0):
            told = [event["reason"] for event in events() if event["event"] == "recorder.waiting"]
            goes_on.set()
    assert told == ["the disk has not answered yet"]
    assert rows(path, "SELECT count(*), sum(clean) FROM recorder_sessions") == [(1, 1)]


def test_the_start_goes_on_while_the_disk_does_not_answer_the_first_commit(path: Path, shim: Shim) -> None:
    """As one that sleeps, or a server's that is away; when it answers all is as ever."""
    with subprocess.Popen(
        [sys.executable, "-c", SESSION, str(path)],
        env=shim.environment(), text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    ) as recorder:  # fmt: skip
        assert recorder.stdin is not None
        assert recorder.stdout is not None
        told = [recorder.stdout.readline()]
        shim.arm(Mode.HANG, Calls.SYNC, ever=True)
        print(file=recorder.stdin, flush=True)
        told.append(recorder.stdout.readline())
        hung = shim.hits
        shim.off()
        print(file=recorder.stdin, flush=True)
        told.append(recorder.stdout.readline())
    assert (told, hung) == (["open\n", "goes on\n", "drained\n"], 1)
    assert rows(path, "SELECT count(*), sum(clean) FROM recorder_sessions") == [(1, 1)]


class ReadAgainMeanwhile(tuple[WorkloadSettings, ...]):  # noqa: SLOT001  # one that is not empty can have none
    """Workloads of a config that is read again just when somebody goes through them."""

    reload: Callable[[], object] | None = None

    def __iter__(self) -> Iterator[WorkloadSettings]:
        reload, self.reload = self.reload, None
        if reload is not None:
            reload()
        return super().__iter__()


def test_a_config_that_is_read_again_while_the_file_is_opened_anew_is_not_undone(path: Path) -> None:
    """The table has the new one, and so it stays with the next reopening."""
    old, new = (
        Command(kind="command", name=name, argv=("true",), every=Duration(60)) for name in ("old", "new")
    )
    before = ReadAgainMeanwhile([old])
    recording = recording_into(path, before)
    named = "SELECT name FROM workloads WHERE removed_ms IS NULL"
    with recording.locked(), recording.writing() as writer, recording.session():
        writer.ask("registered", lambda _: None).wait(PATIENCE_SECONDS)
        before.reload = lambda: recording.register((new,))
        reopened = recording.place.reopened
        for _ in range(2):
            writer.ask("reopened", lambda conn: reopened(conn, False)).wait(PATIENCE_SECONDS)
            for _ in range(2):  # what was asked for, and what was asked for meanwhile
                writer.ask("registered", lambda _: None).wait(PATIENCE_SECONDS)
            assert rows(path, named) == [("new",)]
