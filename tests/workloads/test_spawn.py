"""The recorder's side: stopping all, and runners that fail it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from collector.units import Duration
from collector.workloads import spawn
from collector.workloads.spawn import Children
from tests.workloads.conftest import Run, gone


def test_runs_go_on_side_by_side(children: Children) -> None:
    """Each has a runner of its own, and reports are never mixed up."""
    reports: dict[int, dict[str, Any]] = {}

    def run(number: int) -> None:
        reports[number] = children.run({"argv": ["sh", "-c", f"echo {number}; exit {number}"]})

    threads = [threading.Thread(target=run, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {n: (r["output"], r["exit_code"]) for n, r in reports.items()} == {
        n: (b"%d\n" % n, n) for n in range(6)
    }


def test_stopping_ends_what_runs_and_says_so(children: Children, tmp_path: Path) -> None:
    """The report is in at once, and the tree is gone with it."""
    fifo = tmp_path / "pids"
    os.mkfifo(fifo)
    found: list[dict[str, Any]] = []
    text = f"setsid sleep 60 & echo $$ $! > {fifo}; sleep 60"
    thread = threading.Thread(target=lambda: found.append(children.run({"argv": ["sh", "-c", text]})))
    thread.start()
    pids = [int(pid) for pid in fifo.read_text(encoding="ascii").split()]
    began = time.monotonic()
    children.stop_all()
    thread.join()
    assert time.monotonic() - began < 3
    assert (found[0]["ended"], found[0]["signal"]) == ("stopped", 15)
    assert 0 < found[0]["wall_ms"] < found[0]["after_ms"] < 10_000
    assert all(gone(pid, 0) for pid in pids)


def test_after_the_stop_nothing_starts(children: Children, tmp_path: Path) -> None:
    """A job that was due at that moment returns at once."""
    children.stop_all()
    assert children.run({"argv": ["touch", str(tmp_path / "file")]})["ended"] == "missed"
    assert not (tmp_path / "file").exists()


def test_a_runner_that_does_not_hear_the_stop_is_given_up(
    children: Children, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Its run is told nevertheless, with the time that it took."""
    monkeypatch.setattr(spawn, "STOP_SECONDS", 0.3)
    fifo = tmp_path / "pid"
    os.mkfifo(fifo)
    found: list[dict[str, Any]] = []
    argv = ["sh", "-c", f"kill -STOP $PPID; echo $$ > {fifo}; sleep 60"]
    thread = threading.Thread(target=lambda: found.append(children.run({"argv": argv})))
    thread.start()
    pid = int(fifo.read_text(encoding="ascii"))
    children.stop_all()
    thread.join(5)
    assert found[0]["ended"] == "stopped"
    assert found[0]["after_ms"] >= 300
    assert gone(pid)


def test_a_tree_ends_with_the_recorder_that_was_killed(tmp_path: Path) -> None:
    """The control socket closes when its process dies, however it dies."""
    fifo = tmp_path / "pids"
    os.mkfifo(fifo)
    argv = ["sh", "-c", f"setsid sleep 60 & echo $$ $! > {fifo}; sleep 60"]
    recorder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            f"from collector.workloads.spawn import Children; Children().run({{'argv': {argv!r}}})",
        ]
    )
    pids = [int(pid) for pid in fifo.read_text(encoding="ascii").split()]
    recorder.kill()
    recorder.wait()
    assert all(gone(pid, 3.0) for pid in pids)


def test_a_runner_that_is_killed_is_a_crash_and_leaves_nothing(shell: Run) -> None:
    """Its child dies with it, by the death signal, and what was in its group by ours."""
    report = shell("sleep 62 & kill -9 $PPID; sleep 62")
    assert report == {"ended": "crashed", "reason": "the runner ended with status -9"}


def test_a_runner_that_does_not_answer_is_killed_with_its_tree(
    python: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It has five seconds beyond the timeout; here less."""
    monkeypatch.setattr(spawn, "ANSWER_SECONDS", 0.5)
    file = tmp_path / "pid"
    report = python(
        f"import os, signal, time; open({str(file)!r}, 'w').write(str(os.getpid()))\n"
        "os.kill(os.getppid(), signal.SIGSTOP); time.sleep(60)",
        timeout=0.5,
    )
    assert report == {"ended": "crashed", "reason": "the runner did not answer in time"}
    assert gone(int(file.read_text(encoding="ascii")))


def test_a_runner_that_cannot_be_started_is_a_crash(
    children: Children, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the run, not of the recorder."""
    monkeypatch.setattr(sys, "executable", "/no/such/python")
    assert children.run({"argv": ["true"]})["ended"] == "crashed"


def test_a_stop_in_the_middle_of_a_run_beats_a_signal_to_the_group(
    children: Children, tmp_path: Path
) -> None:
    """systemd sends TERM to runners too; only the control socket counts for them."""
    fifo = tmp_path / "pid"
    os.mkfifo(fifo)
    found: list[dict[str, Any]] = []
    argv = ["sh", "-c", f"echo $PPID > {fifo}; read line < {fifo}; echo alive"]
    thread = threading.Thread(target=lambda: found.append(children.run({"argv": argv})))
    thread.start()
    os.kill(int(fifo.read_text(encoding="ascii")), signal.SIGTERM)
    fifo.write_text("go on\n", encoding="ascii")
    thread.join()
    assert found[0]["output"] == b"alive\n"


def test_a_spec_may_hold_the_settings_own_types(children: Children, tmp_path: Path) -> None:
    """A Duration is a float and a Path a text to the runner."""
    report = children.run({"argv": ["pwd"], "cwd": tmp_path, "timeout": Duration(5)})
    assert report["output"].decode().strip() == str(tmp_path)
