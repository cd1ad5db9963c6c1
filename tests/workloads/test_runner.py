"""One child: what it is given, what is measured, how it is told that it cannot begin."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from collector.workloads.spawn import Children
from tests.workloads.conftest import LIBC_SIGNALS, Run


def test_a_child_is_timed_and_its_output_kept(shell: Run) -> None:
    """Stdout and stderr come in one text, in their order."""
    report = shell("echo out; echo err >&2; echo out again")
    assert report["ended"] == "exit"
    assert report["exit_code"] == 0
    assert report["output"] == b"out\nerr\nout again\n"
    assert report["output_bytes"] == 18
    assert 0 < report["wall_ms"] < 5000
    assert report["left"] == 0


@pytest.mark.parametrize("status", [0, 1, 3, 255])
def test_an_exit_status_is_told_as_it_is(shell: Run, status: int) -> None:
    """All eight bits of it."""
    report = shell(f"exit {status}")
    assert (report["exit_code"], report["signal"]) == (status, None)


@pytest.mark.parametrize("number", [6, 9, 11, 15])
def test_a_child_that_dies_by_a_signal_has_no_exit_status(shell: Run, number: int) -> None:
    """The number of the signal stands in its place."""
    report = shell(f"kill -{number} $$")
    assert (report["exit_code"], report["signal"]) == (None, number)


def test_resident_memory_under_the_floor_is_unknown(children: Children) -> None:
    """``true`` needs less than the fork that became it, so the kernel's figure is not its own."""
    assert children.run({"argv": ["true"]})["max_rss_bytes"] is None


def test_resident_memory_above_the_floor_is_the_childs_own(python: Run) -> None:
    """However large this process is: 60 MB stay 60 MB."""
    report = python("x = bytes(60_000_000); y = bytearray(x)")
    assert 60e6 < report["max_rss_bytes"] < 180e6


def test_processor_time_is_the_programs_without_the_forks(children: Children, python: Run) -> None:
    """A sleeper has next to none, a loop has as much as it took."""
    idle = children.run({"argv": ["sleep", "0.2"]})
    busy = python("for _ in range(3_000_000): pass")
    assert idle["user_ms"] + idle["system_ms"] < 20
    assert busy["user_ms"] + busy["system_ms"] > 20


def test_bytes_written_to_disk_are_counted(shell: Run, tmp_path: Path) -> None:
    """Of the child and of what it waited for, read from its zombie."""
    report = shell(f"dd if=/dev/zero of={tmp_path}/file bs=1M count=3 2>/dev/null")
    assert 3 << 20 <= report["written_bytes"] < 4 << 20


def test_switches_are_counted(children: Children) -> None:
    """A sleeper waits at least once."""
    assert children.run({"argv": ["sleep", "0.01"]})["voluntary_switches"] >= 1


def test_a_child_runs_in_its_folder_with_just_its_environment(shell: Run, tmp_path: Path) -> None:
    """Nothing of ours comes with it."""
    report = shell("pwd; env | cut -d= -f1 | sort", cwd=tmp_path, env={"PATH": "/usr/bin:/bin", "A": "1"})
    assert report["output"].decode().split() == [str(tmp_path), "A", "PATH", "PWD"]


def test_a_child_has_its_three_descriptors_and_no_more(shell: Run) -> None:
    """No pipe, socket or database of ours. ``ls`` itself opens the fourth."""
    assert shell("ls /proc/self/fd")["output"].split() == [b"0", b"1", b"2", b"3"]


def test_signals_are_neither_blocked_nor_ignored_in_a_child(shell: Run) -> None:
    """Python ignores SIGPIPE, and the runner more; programs expect the default."""
    masks = shell("grep -E 'SigBlk|SigIgn' /proc/self/status")["output"].split()
    assert [int(mask, 16) & ~LIBC_SIGNALS for mask in masks[1::2]] == [0, 0]


def test_a_child_leads_a_session_of_its_own(shell: Run) -> None:
    """So that its group can be ended as a whole."""
    session, pid = shell('ps -o sid= -p $$; echo "$$"')["output"].split()
    assert session == pid


def test_a_payload_reaches_stdin_and_no_argument(children: Children) -> None:
    """It may be a password; and it may be longer than a pipe holds."""
    payload = b"secret" * 100_000
    report = children.run({"argv": ["wc", "-c"], "payload": payload})
    assert int(report["output"]) == len(payload)


def test_without_a_payload_stdin_is_empty(children: Children) -> None:
    """A program that reads must not wait for a person."""
    assert children.run({"argv": ["cat"], "timeout": 5})["output"] == b""


def test_a_child_may_report_on_descriptor_three(shell: Run) -> None:
    """It comes apart from the output."""
    report = shell("echo loud; echo '{\"rows\": 3}' >&3", report=True)
    assert (report["output"], report["report"]) == (b"loud\n", b'{"rows": 3}\n')


def test_a_report_is_bounded(shell: Run) -> None:
    """256 KiB are kept, and all of it is counted and drained."""
    report = shell("head -c 1000000 /dev/zero >&3; echo done", report=True)
    assert report["output"] == b"done\n"
    assert report["report_bytes"] == 1_000_000
    assert len(report["report"]) < (256 << 10) + 100


@pytest.mark.parametrize(
    ("name", "content", "mode", "reason"),
    [
        ("none", None, 0, "there is no such file"),
        ("text", b"echo hi\n", 0o644, "not executable"),
        ("script", b"echo hi\n", 0o755, "it is not a program"),
        ("orphan", b"#!/no/such/shell\n", 0o755, "the interpreter of its first line (#!) does not exist"),
    ],
)
def test_a_program_that_cannot_start_says_why(
    children: Children, tmp_path: Path, name: str, content: bytes | None, mode: int, reason: str
) -> None:
    """In words that name the file."""
    program = tmp_path / name
    if content is not None:
        program.write_bytes(content)
        program.chmod(mode)
    report = children.run({"argv": [str(program)]})
    assert report["ended"] == "not_started"
    assert str(program) in report["reason"]
    assert reason in report["reason"]


def test_a_name_is_looked_for_in_the_childs_own_path(children: Children, tmp_path: Path) -> None:
    """Not in ours; the first that can be executed counts."""
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    (tmp_path / "a/tool").write_text("no", encoding="utf-8")
    (tmp_path / "b/tool").write_text("#!/bin/sh\necho found\n", encoding="utf-8")
    (tmp_path / "b/tool").chmod(stat.S_IRWXU)
    path = f"{tmp_path}/a:{tmp_path}/b"
    assert children.run({"argv": ["tool"], "env": {"PATH": path}})["output"] == b"found\n"
    assert "no such file" in children.run({"argv": ["sleep", "1"], "env": {"PATH": path}})["reason"]


def test_a_folder_that_is_not_there_is_named(children: Children) -> None:
    """It is cwd that is wrong, not the program."""
    report = children.run({"argv": ["true"], "cwd": "/no/such/folder"})
    assert report["reason"] == "cwd /no/such/folder: there is no such file"


def test_an_argument_that_no_program_can_take_is_told(children: Children) -> None:
    """A NUL character ends a C string."""
    assert children.run({"argv": ["echo", "a\0b"]})["ended"] == "not_started"


def test_nothing_is_left_behind_of_a_run(shell: Run) -> None:
    """Neither a zombie nor a descriptor of ours."""
    shell("true")
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208
    for _ in range(3):
        shell("true & true")
    assert len(os.listdir("/proc/self/fd")) == before  # noqa: PTH208
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)
