"""A command that is timed at a terminal."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from collector.workloads.child import result_of
from collector.workloads.foreground import time_command
from collector.workloads.spawn import Children
from tests.workloads.conftest import LIBC_SIGNALS, gone

# Prints the report once it is in, after whatever the command printed itself.
TIMING = """
import sys
from collector.workloads.foreground import time_command
from collector.workloads.spawn import Children
report = time_command(sys.argv[1:], children=Children())
print("report", report["ended"], report.get("exit_code"), report.get("signal"), flush=True)
"""


def test_the_command_keeps_our_streams_and_its_exit_status() -> None:
    """Nothing is captured, everything passes through."""
    timed = subprocess.run(
        [sys.executable, "-c", TIMING, "sh", "-c", "read line; echo got $line; echo loud >&2; exit 5"],
        input="text\n", capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert timed.stdout == "got text\nreport exit 5 None\n"
    assert timed.stderr == "loud\n"


def test_the_report_becomes_a_result(children: Children, tmp_path: Path) -> None:
    """With the figures of any run, but without output."""
    result = result_of(time_command(["true"], children=children, cwd=tmp_path))
    assert result.outcome == "ok"
    assert result.measured["wall_ms"] > 0
    assert "output" not in result.measured


def test_the_command_has_our_whole_environment(
    children: Children, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is the person's own command, as if typed without us."""
    monkeypatch.setenv("OF_THE_PERSON", "yes")
    time_command(["sh", "-c", f"echo $OF_THE_PERSON > {tmp_path}/file"], children=children)
    assert (tmp_path / "file").read_text(encoding="utf-8") == "yes\n"


def test_a_timeout_ends_the_command_and_not_us(children: Children) -> None:
    """Though it shares our process group."""
    report = time_command(["sh", "-c", "sleep 63 & sleep 63"], children=children, timeout=0.2)
    assert (report["ended"], report["signal"]) == ("timeout", 15)


def test_a_server_that_the_command_starts_goes_on(children: Children, tmp_path: Path) -> None:
    """A person may want that; a scheduled workload never does."""
    file = tmp_path / "pid"
    time_command(["sh", "-c", f"setsid sleep 30 & echo $! > {file}"], children=children)
    pid = int(file.read_text(encoding="ascii"))
    os.kill(pid, signal.SIGTERM)  # raises ProcessLookupError if it were gone
    assert gone(pid)


def test_ctrl_c_ends_the_command_and_the_report_still_comes() -> None:
    """The terminal sends it to the whole group: to the command, to the runner and to us."""
    ours, theirs = os.openpty()
    timed = subprocess.Popen(
        ["setsid", "--ctty", "--wait", sys.executable, "-c", TIMING, "sh", "-c", "echo ready; exec sleep 60"],
        stdin=theirs, stdout=theirs, stderr=theirs,
    )  # fmt: skip
    os.close(theirs)
    assert "ready" in until(ours, "ready")
    os.write(ours, b"\x03")
    assert "report exit None 2" in until(ours, "report exit None 2")
    assert timed.wait(10) == 0
    os.close(ours)


def test_our_own_handlers_are_back_afterwards(children: Children) -> None:
    """A second Ctrl-C is for us again."""
    before = signal.getsignal(signal.SIGINT)
    time_command(["true"], children=children)
    assert signal.getsignal(signal.SIGINT) == before


def test_what_was_ignored_stays_ignored_in_the_command() -> None:
    """As under nohup."""
    show = ["sh", "-c", "grep SigIgn /proc/self/status"]
    timed = subprocess.run(
        ["sh", "-c", 'trap "" INT HUP; exec "$@"', "sh", sys.executable, "-c", TIMING, *show],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    mask = int(timed.stdout.split()[1], 16) & ~LIBC_SIGNALS
    assert mask == 1 << (signal.SIGINT - 1) | 1 << (signal.SIGHUP - 1)


def until(fd: int, text: str) -> str:
    """Read from a terminal until ``text`` has come, or its end."""
    found = ""
    while text not in found:
        try:
            chunk = os.read(fd, 4096)
        except OSError:  # what a terminal says when nobody is left at its other end
            break
        found += chunk.decode()
    return found
