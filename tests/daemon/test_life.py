"""A daemon's life as a process: READY, reload, stop, kill, and a second one beside it."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil

from collector.store.lock import holder, lock_path
from tests.daemon.conftest import Recorder

Collector = Callable[..., "subprocess.CompletedProcess[str]"]

HUNG = """
[sampling]
every = "1s"

[[workloads]]
name = "hung"
kind = "command"
argv = ["sh", "-c", "trap '' TERM; echo began; sleep 600 & wait; sleep 600"]
every = "1s"
timeout = "5m"
"""


def test_ready_is_said_after_the_first_commit(recorder: Recorder) -> None:
    """Whoever waits for READY finds a session in the file."""
    recorder.start()
    assert recorder.rows("SELECT pid, end_ms FROM recorder_sessions") == [
        (recorder.process.pid if recorder.process else 0, None)
    ]


def test_systemd_hears_that_it_lives_as_often_as_it_wants(recorder: Recorder) -> None:
    """READY comes first, then a ping at least every half of the watchdog's period."""
    recorder.start(WATCHDOG_USEC="2000000")
    began = time.monotonic()
    recorder.wait_for(b"WATCHDOG=1")
    recorder.wait_for(b"WATCHDOG=1")
    assert time.monotonic() - began < 2 * 1.0 + 1  # two pings, and a second for a busy machine


def test_sigterm_ends_it_in_order_and_says_so(recorder: Recorder) -> None:
    """STOPPING is said, the session is closed clean, the counts are in it, the exit status is 0."""
    recorder.start()
    assert recorder.stop() == 0
    assert any(b"STOPPING=1" in said for said in recorder.wait_for(b"STOPPING=1"))
    ((clean, received, committed, dropped),) = recorder.rows(
        "SELECT clean, received, committed, dropped FROM recorder_sessions"
    )
    assert (clean, received, dropped) == (1, committed, 0)
    assert not (recorder.folder / "run" / "c.sock").exists()


def test_sigterm_with_a_hung_workload_takes_less_than_ten_seconds(recorder: Recorder) -> None:
    """Its process tree is gone, its run is a row, and what was queued is flushed."""
    recorder.configure(HUNG)
    recorder.start()
    assert recorder.process is not None
    children = _children_of(recorder.process.pid, "sleep")
    before = time.monotonic()
    assert recorder.stop() == 0
    assert time.monotonic() - before < 10
    assert [child for child in children if child.is_running() and child.status() != "zombie"] == []
    ((outcome, detail),) = recorder.rows(
        "SELECT outcome, detail FROM workload_runs WHERE workload = 'hung' AND outcome <> 'overlapped'"
    )
    assert (outcome, "the recorder stopped" in detail) == ("failed", True)
    assert recorder.rows("SELECT clean FROM recorder_sessions") == [(1,)]


def test_a_second_daemon_exits_at_once_and_names_the_first(recorder: Recorder, collector: Collector) -> None:
    """Within two seconds, with one sentence and what to do."""
    recorder.start()
    assert recorder.process is not None
    before = time.monotonic()
    second = collector("run", "--config", recorder.config)
    assert time.monotonic() - before < 2 + 1  # Python's own start included
    assert second.returncode == 1
    assert f"process {recorder.process.pid}" in second.stderr
    assert "Traceback" not in second.stderr
    assert "collector status" in second.stderr


def test_a_killed_daemon_leaves_a_gap_and_an_unclean_session(recorder: Recorder) -> None:
    """The next one closes the session where the last sign of life was, and notes the hole."""
    recorder.start()
    recorder.stop(signal.SIGKILL)
    recorder.start()
    recorder.stop()
    sessions = recorder.rows("SELECT clean, end_ms FROM recorder_sessions ORDER BY id")
    assert [clean for clean, _ in sessions] == [0, 1]
    ((from_ms, to_ms, reason),) = recorder.rows("SELECT from_ms, to_ms, reason FROM gaps")
    assert (reason, from_ms, from_ms <= to_ms) == ("stopped", sessions[0][1], True)
    assert "session.unclean" in {event["event"] for event in recorder.events()}


def test_a_database_that_is_deleted_is_there_again_with_all_it_held(recorder: Recorder) -> None:
    """Without a restart: what is open is copied back before the next record is committed."""
    recorder.start()
    before = recorder.rows("SELECT id, start_ms FROM recorder_sessions")
    recorder.database.unlink()
    recorder.wait_for_event("database.open")
    assert recorder.stop() == 0
    assert recorder.rows("SELECT id, start_ms FROM recorder_sessions") == before
    assert recorder.rows("SELECT reason, aside FROM recoveries") == [("deleted", "")]


def test_a_deleted_folder_leaves_neither_a_recorder_nobody_finds_nor_two(recorder: Recorder) -> None:
    """Record, lock and socket are made again; who starts a second one is told of the first."""
    folder = recorder.folder / "data"
    folder.mkdir()
    recorder.database = folder / "c.db"
    recorder.configure()
    recorder.start(WATCHDOG_USEC="2000000")  # it looks as often as it pings
    shutil.rmtree(folder)
    recorder.wait_for_event("intake.listening_again")
    recorder.wait_for_event("database.open")
    assert (folder / "run" / "c.sock").is_socket()
    assert holder(recorder.database) is not None
    second = subprocess.run(
        [sys.executable, "-m", "collector", "run", "--config", recorder.config],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (second.returncode, "is in use by collector run" in second.stderr) == (1, True)
    assert recorder.stop() == 0
    assert recorder.rows("SELECT count(*), min(clean) FROM recorder_sessions") == [(1, 1)]


def test_a_second_daemon_without_the_lock_of_the_first_finds_it_by_its_socket(recorder: Recorder) -> None:
    """Before it writes anything into the record of the first."""
    recorder.start()
    lock_path(recorder.database).unlink()
    second = subprocess.run(
        [sys.executable, "-m", "collector", "run", "--config", recorder.config],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (second.returncode, "another recorder listens on" in second.stderr) == (1, True)
    assert recorder.stop() == 0
    assert recorder.rows("SELECT count(*), min(clean) FROM recorder_sessions") == [(1, 1)]


def test_a_reload_takes_new_workloads_and_drops_old_ones(recorder: Recorder) -> None:
    """SIGHUP, as `systemctl reload` sends it."""
    workload = '\n[[workloads]]\nname = "{}"\nkind = "command"\nargv = ["true"]\nevery = "1h"\n'
    recorder.configure(workload.format("old"))
    recorder.start()
    recorder.configure(workload.format("new"))
    recorder.send(signal.SIGHUP)
    assert recorder.wait_for_event("config.reloaded")["workloads"] == 1
    recorder.stop()
    assert recorder.rows("SELECT name, removed_ms IS NULL FROM workloads ORDER BY name") == [
        ("new", 1),
        ("old", 0),
    ]


def test_a_broken_config_is_refused_and_the_old_one_goes_on(recorder: Recorder) -> None:
    """Every fault of it is in the log; the daemon stays."""
    recorder.start()
    recorder.configure('[sampling]\nevery = "never"\n[colector]\n')
    recorder.send(signal.SIGHUP)
    refused = recorder.wait_for_event("config.refused")
    assert "line" in refused["fault"]
    assert recorder.stop() == 0
    assert sum(event["event"] == "config.refused" for event in recorder.events()) == 2


def test_the_daemon_never_loads_what_only_the_command_line_needs(recorder: Recorder) -> None:
    """click, rich, OpenSSL and database drivers stay out of its memory."""
    recorder.start()
    assert recorder.process is not None
    maps = Path(f"/proc/{recorder.process.pid}/maps").read_text(encoding="utf-8")
    mapped = {Path(line.split(maxsplit=5)[5]).name for line in maps.splitlines() if len(line.split()) > 5}
    assert not [name for name in mapped if name.startswith(("libcrypto", "libssl", "_psycopg", "libpq"))]


def test_samples_of_every_sampler_arrive(recorder: Recorder) -> None:
    """One session at one second: the subjects that every Linux machine has are in the file."""
    recorder.configure('[sampling]\nevery = "200ms"\n[log]\nsummary = "1s"\n')
    recorder.start()
    recorder.wait_for_event("samples.committed", lambda event: event["committed"] > 15)
    recorder.stop()
    for table in ("cpu_samples", "memory_samples", "filesystem_samples", "recorder_samples"):
        assert recorder.rows(f"SELECT count(*) > 0 FROM {table}") == [(1,)], table


def test_the_record_is_for_this_user_alone(recorder: Recorder) -> None:
    """Nobody else can read it."""
    recorder.start()
    assert oct(recorder.database.stat().st_mode & 0o777) == "0o600"


def _children_of(pid: int, name: str) -> list[psutil.Process]:
    """All descendants, once one called ``name`` is there (bounded by the test's timeout)."""
    while True:
        found = psutil.Process(pid).children(recursive=True)
        if any(child.name() == name for child in found):
            return found
