"""Workloads that are a program."""

from __future__ import annotations

from pathlib import Path

import pytest

from collector.workloads.command import Command, run
from collector.workloads.spawn import Children
from tests.workloads.made import faults, made


def test_exit_status_zero_is_ok(children: Children) -> None:
    """With the figures of the run."""
    result = run(made(Command, argv=("sh", "-c", "echo hello")), children)
    assert (result.outcome, result.detail) == ("ok", None)
    assert result.measured["output"] == "hello\n"
    assert result.measured["exit_code"] == 0
    assert result.cpu_ms == result.measured["user_ms"] + result.measured["system_ms"]


def test_every_other_exit_status_is_a_failure_that_is_named(children: Children) -> None:
    """The output says the rest."""
    result = run(made(Command, argv=("sh", "-c", "echo why; exit 3")), children)
    assert (result.outcome, result.detail) == ("failed", "exit status 3")
    assert result.measured["output"] == "why\n"


def test_a_signal_is_named(children: Children) -> None:
    """As people know it."""
    result = run(made(Command, argv=("sh", "-c", "kill -SEGV $$")), children)
    assert (result.outcome, result.detail) == ("failed", "ended by SIGSEGV")


def test_a_run_over_its_timeout_says_so(children: Children) -> None:
    """In the words of the config."""
    result = run(made(Command, argv=("sleep", "60"), timeout=0.2), children)
    assert (result.outcome, result.detail) == ("timeout", "took longer than 200ms")


def test_a_program_that_went_away_is_a_failure(children: Children, tmp_path: Path) -> None:
    """It was there when the config was read."""
    result = run(made(Command, argv=(str(tmp_path / "gone"),)), children)
    assert (result.outcome, result.measured) == ("failed", {})
    assert result.detail == f"{tmp_path}/gone: there is no such file"


def test_a_stop_of_the_recorder_is_no_failure(children: Children) -> None:
    """It must not raise an alert."""
    children.stop_all()
    assert run(made(Command, argv=("true",)), children).outcome == "missed"


def test_there_is_no_shell_unless_asked_for(children: Children) -> None:
    """Words stay words."""
    plain = run(made(Command, argv=("echo", "$HOME", "a  b")), children)
    shell = run(made(Command, argv=("echo $((1 + 2)) a  b",), shell=True), children)
    assert plain.measured["output"] == "$HOME a  b\n"
    assert shell.measured["output"] == "3 a b\n"


def test_a_relative_program_counts_from_cwd(children: Children, tmp_path: Path) -> None:
    """For the check and for the run."""
    program = tmp_path / "tool"
    program.write_text("#!/bin/sh\npwd\n", encoding="utf-8")
    program.chmod(0o755)
    workload = made(Command, argv=("./tool",), cwd=tmp_path)
    assert faults(workload) == {}
    assert run(workload, children).measured["output"] == f"{tmp_path}\n"


def test_variables_of_the_config_reach_the_program(children: Children) -> None:
    """Set by value here."""
    result = run(made(Command, argv=("sh", "-c", "echo $MODE"), env=("MODE=fast",)), children)
    assert result.measured["output"] == "fast\n"


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"argv": ()}, "must hold at least the name of a program"),
        ({"argv": ("",)}, "must hold at least the name of a program"),
        ({"argv": ("true", "a\0b")}, "must not hold a NUL character"),
        ({"argv": ("echo hi", "x"), "shell": True}, "must be one text where shell = true"),
        ({"argv": ("echo hi",)}, "there is no program 'echo hi'; give each word a text of its own"),
        ({"argv": ("sleeep",)}, "there is no program 'sleeep' (did you mean 'sleep'?)"),
        ({"argv": ("zzqqxx",)}, "there is no program 'zzqqxx'; looked for it in /"),
        (
            {"argv": ("./none",), "cwd": Path("/tmp")},
            "there is no program '/tmp/none'",
        ),
        ({"argv": ("/" + "x" * 300,)}, "there is no program '/xxx"),
        ({"argv": ("./none",)}, "a relative path counts from cwd, which is not given"),
        ({"argv": ("/etc/passwd",)}, "'/etc/passwd' is not executable; run `chmod +x`"),
        ({"argv": ("~/x",)}, "'~' is a shell's; write '"),
        ({"argv": ("true",), "env": ("PATH=/nowhere",)}, "looked for it in /nowhere"),
    ],
)
def test_a_program_that_cannot_run_is_a_fault_of_the_config(keys: dict[str, object], said: str) -> None:
    """Told by `collector check`, with what is allowed or meant."""
    assert said in faults(made(Command, **keys))["argv"]


def test_a_good_command_has_no_faults() -> None:
    """Arguments may be empty; a shell's text is not looked up."""
    assert faults(made(Command, argv=("true", ""))) == {}
    assert faults(made(Command, argv=("no-such | thing",), shell=True)) == {}


def test_faults_of_every_workload_are_told_too() -> None:
    """The common ones come first."""
    assert "cwd" in faults(made(Command, argv=("true",), cwd=Path("/no/such/folder")))


def test_the_command_line_is_what_one_would_type_without_secrets() -> None:
    """Quoted where words need it; at most 1000 characters."""
    assert made(Command, argv=("make", "a test")).command_line() == "make 'a test'"
    assert (
        made(Command, argv=("psql", "postgres://me:geheim@h/db")).command_line()
        == "psql postgres://me:***@h/db"
    )
    assert made(Command, argv=("PGPASSWORD=geheim psql",), shell=True).command_line() == "PGPASSWORD=*** psql"
    assert len(made(Command, argv=("echo", "x" * 5000)).command_line()) == 1000


@pytest.mark.parametrize(
    ("text", "detail"),
    [
        ("sleep 505 & echo done", "left 1 process behind; it was ended"),
        ("sleep 505 & sleep 505 & echo done", "left 2 processes behind; they were ended"),
        ("sleep 505 & exit 3", "exit status 3; left 1 process behind; it was ended"),
    ],
)
def test_what_a_command_leaves_behind_is_told(children: Children, text: str, detail: str) -> None:
    """It is ended, which a person may not expect; the outcome is the command's own."""
    result = run(made(Command, argv=("sh", "-c", text)), children)
    assert (result.outcome, result.detail) == ("failed" if "exit" in text else "ok", detail)
