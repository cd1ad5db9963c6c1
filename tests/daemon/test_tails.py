"""Logs that a real recorder follows: through its death at any moment, rotation and a new config."""

from __future__ import annotations

import signal
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.daemon.conftest import Recorder

pytestmark = pytest.mark.long

BEGIN = datetime(2026, 11, 22, 13, tzinfo=UTC)
TAIL = """
[[tails]]
name = "app"
path = "{path}"
format = "pattern"
pattern = '(?P<timestamp>\\S+) (?P<duration_ms>[\\d.]+) ms (?P<query>.*)'
start = "beginning"
"""


class Application:
    """Writes a line for each statement, as fast as it is told to."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.written = 0
        self._stopping = threading.Event()

    def write(self, count: int) -> None:
        """So many more."""
        with self.path.open("a", encoding="utf-8") as file:
            for number in range(self.written, self.written + count):
                at = (BEGIN + timedelta(milliseconds=number // 3)).isoformat()
                file.write(f"{at} {number % 7}.5 ms SELECT * FROM t{number % 5} WHERE id = {number}\n")
        self.written += count

    def write_on(self) -> None:
        """Until it is told to stop, and rotate now and then."""
        while not self._stopping.wait(0.01):
            self.write(150)
            if (self.written - 1_000) % 1_500 == 0:
                self.path.rename(self.path.with_name(f"{self.path.name}-{self.written:08}"))

    def stop(self) -> None:
        """Write no more."""
        self._stopping.set()


@pytest.fixture
def application(recorder: Recorder) -> Application:
    """With a log that the recorder is to follow."""
    made = Application(recorder.folder / "app.log")
    recorder.configure(TAIL.format(path=made.path))
    return made


def count(recorder: Recorder) -> int:
    """How many operations are stored."""
    return int(recorder.rows("SELECT count(*) FROM operation_metrics")[0][0])


def wait_until_stored(recorder: Recorder, wanted: int) -> None:
    """At most 40 s; a reload is answered when its turn comes, which is pause enough between two looks."""
    deadline = time.monotonic() + 40
    while count(recorder) < wanted:
        assert time.monotonic() < deadline, f"{count(recorder)} of {wanted} are stored"
        recorder.send(signal.SIGHUP)
        recorder.wait_for(b"READY=1")


def test_nothing_is_lost_and_nothing_twice_however_often_it_is_killed(
    recorder: Recorder, application: Application
) -> None:
    """While the log is written and rotated by rename."""
    application.write(1_000)
    writing = threading.Thread(target=application.write_on)
    recorder.start()
    writing.start()
    for _ in range(4):
        wait_until_stored(recorder, count(recorder) + 1)
        recorder.stop(signal.SIGKILL)
        recorder.start()
    application.stop()
    writing.join()
    application.write(1)
    wait_until_stored(recorder, application.written)
    assert recorder.rows("SELECT count(*), count(DISTINCT query_hash) FROM operation_metrics") == [
        (application.written, 5)
    ]
    assert recorder.rows("SELECT count(*) FROM queries WHERE text LIKE '%WHERE id = ?'") == [(5,)]
    assert recorder.stop() == 0


def test_a_new_config_begins_and_ends_tails(recorder: Recorder, application: Application) -> None:
    """A tail that is taken out is read no more; put back in, it goes on where it was left."""
    with_tail = recorder.config.read_text(encoding="utf-8")
    recorder.configure()
    recorder.start()
    application.write(10)
    for text, in_all in ((with_tail, 10), (None, 10), (with_tail, 15)):
        recorder.configure() if text is None else recorder.config.write_text(text, encoding="utf-8")
        recorder.send(signal.SIGHUP)
        recorder.wait_for(b"READY=1")
        if text is None:
            application.write(5)
        else:
            wait_until_stored(recorder, in_all)  # it may have read on before this
    assert count(recorder) == application.written == 15
    assert recorder.rows("SELECT name, format FROM tail_positions") == [("app", "pattern")]
    assert recorder.stop() == 0


def test_a_tail_that_is_changed_while_it_reads_counts_nothing_twice(
    recorder: Recorder, application: Application
) -> None:
    """What was on its way is stored before reading goes on with the new settings."""
    text = recorder.config.read_text(encoding="utf-8")
    application.write(60_000)
    recorder.start()
    wait_until_stored(recorder, 1)
    recorder.config.write_text(text + 'slow = "1s"\n', encoding="utf-8")
    recorder.send(signal.SIGHUP)
    recorder.wait_for(b"READY=1")
    wait_until_stored(recorder, application.written)
    assert recorder.stop() == 0
    offsets = "SELECT count(*), count(DISTINCT substr(record_id, 1, 21)) FROM operation_metrics"
    assert recorder.rows(offsets) == [(application.written, application.written)]
