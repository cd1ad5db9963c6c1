"""Promise 7: a hung, flooding or forking workload's whole tree is gone within its timeout + 3 s."""

from __future__ import annotations

import os
import time

import psutil
import pytest

from collector.workloads.runner.tree import descendants
from collector.workloads.spawn import Children
from tests.workloads.conftest import Run, gone

# Says its pid, ignores TERM, and stays.
STUBBORN = "sh -c 'trap \"\" TERM; echo $$ >&3; while :; do sleep 60; done'"


def test_a_run_that_takes_too_long_is_ended(shell: Run) -> None:
    """By TERM, at once."""
    report = shell("exec sleep 60", timeout=0.2)
    assert (report["ended"], report["signal"]) == ("timeout", 15)
    assert 200 <= report["wall_ms"] < 1500  # both by the same clock: never shorter than the limit


def test_a_child_that_ends_in_time_is_not_a_timeout(shell: Run) -> None:
    """However it ends."""
    assert shell("exit 7", timeout=5)["ended"] == "exit"


def test_a_stopped_child_is_ended_by_its_timeout(shell: Run) -> None:
    """TERM alone would wait until somebody lets it go on."""
    assert shell("kill -STOP $$", timeout=0.2)["signal"] == 15


@pytest.mark.parametrize(
    "escape",
    [
        pytest.param("{} &", id="in the background"),
        pytest.param("setsid {} &", id="in a session of its own"),
        pytest.param("(setsid {} &)", id="forked twice"),
    ],
)
def test_what_outlives_its_child_is_ended(shell: Run, escape: str) -> None:
    """Wherever it went; TERM first, KILL two seconds later for what ignores that."""
    began = time.monotonic()
    report = shell(escape.format("sleep 61") + "\nexit 0")
    assert (report["left"], report["behind"]) == (0, 1)
    assert report["exit_code"] == 0
    assert time.monotonic() - began < 2
    assert not sleepers("61")


def test_what_ignores_term_is_killed_after_two_seconds(shell: Run) -> None:
    """Child and escapee together: the two seconds count once."""
    began = time.monotonic()
    report = shell(f"setsid {STUBBORN} & exec {STUBBORN}", timeout=0.5, report=True)
    took = time.monotonic() - began
    assert (report["ended"], report["signal"]) == ("timeout", 9)
    assert 2.4 < took < 3.5
    pids = [int(pid) for pid in report["report"].split()]
    assert len(pids) == 2
    assert all(gone(pid, 0) for pid in pids)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a fork bomb a user of its own")
def test_a_fork_bomb_ends_with_its_timeout(children: Children) -> None:
    """Even where each of it is a session of its own, so that no group holds them, and all ignore TERM."""
    bomb = (
        "import os, signal\nsignal.signal(15, signal.SIG_IGN)\n"
        "while True:\n try:\n  if os.fork() == 0: os.setsid()\n except OSError: pass"
    )
    user = 60_000 + os.getpid() % 5_000  # nobody else's, not even that of a test beside this one
    jail = ["setpriv", "--reuid", str(user), "--clear-groups", "prlimit", "--nproc=40"]
    began = time.monotonic()
    report = children.run({"argv": [*jail, "python3", "-c", bomb], "timeout": 0.5})
    assert time.monotonic() - began < 0.5 + 3
    assert (report["ended"], report["left"]) == ("timeout", 0)
    assert not processes_of(user)


def test_descendants_are_found_below_a_process(shell: Run) -> None:
    """Ourselves in this case: the runner is our child, its child below it."""
    assert os.getpid() in descendants(os.getppid())
    assert os.getppid() not in descendants(os.getpid())


def sleepers(seconds: str) -> list[int]:
    """The processes ``sleep seconds`` on this machine, zombies left out."""
    return [pid for pid in psutil.pids() if _command(pid) == ["sleep", seconds]]


def processes_of(user: int) -> list[int]:
    """All processes of a user."""
    return [process.pid for process in psutil.process_iter(["uids"]) if process.info["uids"].real == user]


def _command(pid: int) -> list[str]:
    try:
        return psutil.Process(pid).cmdline()
    except psutil.Error:
        return []
