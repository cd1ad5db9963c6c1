"""Workloads that are a Python function."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest

from collector.workloads.base import Result
from collector.workloads.python import Python, run
from collector.workloads.spawn import Children
from tests.workloads.made import faults, made

MODULE = """
import os, sys, time
time.sleep(0.15)  # an import that takes its time

def quick(): print("hello")
def slow(): time.sleep(60)
def fails(): raise ValueError("no luck")
def leaves(): sys.exit(4)
def leaves_well(): sys.exit(0)
def vanishes(): os._exit(0)
def dies(): os.kill(os.getpid(), 11)
def where():
    print(os.getcwd(), sys.path[0] in ("", os.getcwd()), any(p.endswith("workloads") for p in sys.path))
def forks():
    import subprocess
    subprocess.run(["sh", "-c", "echo x >&3"], stderr=subprocess.DEVNULL)
def lingers():
    import threading
    threading.Thread(target=lambda: time.sleep(60)).start()
async def later(): pass
class Bench:
    @staticmethod
    def rank(): print("ranked")
"""


@pytest.fixture
def call(children: Children, tmp_path: Path) -> Any:
    """Calls a function of the module above."""
    (tmp_path / "bench_of_test.py").write_text(MODULE, encoding="utf-8")

    def call(name: str, **keys: Any) -> Result:
        return run(made(Python, callable=f"bench_of_test:{name}", cwd=tmp_path, **keys), children)

    return call


def test_only_the_call_is_timed(call: Any) -> None:
    """Neither the start of Python nor the import, which takes 150 ms here."""
    result = call("quick")
    assert (result.outcome, result.measured["output"]) == ("ok", "hello\n")
    assert result.measured["wall_ms"] < 100


def test_a_function_may_hang_on_a_class(call: Any) -> None:
    """Dots go as deep as they like."""
    assert call("Bench.rank").measured["output"] == "ranked\n"


def test_an_exception_is_told_by_type_and_message(call: Any) -> None:
    """And its traceback is the output."""
    result = call("fails")
    assert (result.outcome, result.detail) == ("failed", "ValueError: no luck")
    assert result.measured["wall_ms"] < 100
    assert "in fails" in result.measured["output"]


@pytest.mark.parametrize(
    ("name", "outcome", "detail"),
    [
        ("leaves", "failed", "SystemExit: 4"),
        ("leaves_well", "ok", None),
        ("vanishes", "failed", "the call ended its process without returning"),
        ("dies", "failed", "ended by SIGSEGV"),
        ("later", "failed", "TypeError: it is async, so nothing has run yet: name a function that runs it"),
        ("absent", "failed", "AttributeError: module 'bench_of_test' has no attribute 'absent'"),
        ("forks", "ok", None),
    ],
)
def test_every_way_out_has_its_outcome(call: Any, name: str, outcome: str, detail: str | None) -> None:
    """Returning is ok, and so is sys.exit(0)."""
    result = call(name)
    assert (result.outcome, result.detail) == (outcome, detail)


def test_a_call_that_takes_too_long_is_ended(call: Any) -> None:
    """With all of its process."""
    result = call("slow", timeout=0.8)
    assert (result.outcome, result.detail) == ("timeout", "took longer than 800ms")


def test_a_process_that_does_not_end_after_its_call_is_told_apart(call: Any) -> None:
    """The time of the call is known nevertheless."""
    result = call("lingers", timeout=2.0)
    assert (result.outcome, result.detail) == ("timeout", "the call returned, but its process did not end")
    assert result.measured["wall_ms"] < 100


def test_modules_are_found_in_cwd_and_ours_are_not(call: Any, tmp_path: Path) -> None:
    """Our folder has an http.py that no program should meet."""
    assert call("where").measured["output"] == f"{tmp_path} True False\n"


def test_a_module_that_is_not_there_fails_without_a_time(children: Children, tmp_path: Path) -> None:
    """There was no call."""
    result = run(made(Python, callable="no_such_module:f", cwd=tmp_path), children)
    assert (result.outcome, result.detail) == (
        "failed",
        "ModuleNotFoundError: No module named 'no_such_module'",
    )
    assert result.measured["wall_ms"] is None


def test_a_module_that_exits_at_import_fails_without_a_time(children: Children, tmp_path: Path) -> None:
    """Status 0 is no success of a call that never began."""
    (tmp_path / "exits_of_test.py").write_text("raise SystemExit(0)", encoding="utf-8")
    result = run(made(Python, callable="exits_of_test:f", cwd=tmp_path), children)
    assert (result.outcome, result.detail) == ("failed", "exited before the call")
    assert result.measured["wall_ms"] is None


def test_another_interpreter_may_be_named(children: Children, tmp_path: Path) -> None:
    """By its path here; nothing of ours is needed in it."""
    (tmp_path / "m_of_test.py").write_text("def f(): import sys; print(sys.flags.no_site, sys.prefix)")
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\nexec {sys.executable} -S "$@"\n', encoding="utf-8")
    python.chmod(0o755)
    result = run(made(Python, callable="m_of_test:f", cwd=tmp_path, python=str(python)), children)
    assert result.measured["output"].startswith("1 ")


@pytest.mark.parametrize(
    "name", ["app.bench", "app:", ":f", "app bench:f", "app:f()", "a..b:f", "1a:f", "a:b:c"]
)
def test_a_callable_must_be_module_and_function(name: str) -> None:
    """Told with an example."""
    assert faults(made(Python, callable=name)) == {
        "callable": "must be module:function, such as app.bench:rank"
    }


def test_a_good_callable_has_no_faults() -> None:
    """Interpreters are looked for in PATH or by path, with a tilde too."""
    assert faults(made(Python, callable="app.bench:Suite.rank", python="python3")) == {}
    assert "no program" in faults(made(Python, callable="a:f", python="~/none/python"))["python"]


def test_the_command_line_is_the_callable() -> None:
    """It takes no arguments, so there is nothing to hide."""
    assert made(Python, callable="app.bench:rank").command_line() == "app.bench:rank"
    assert os.sep not in made(Python, callable="a:f").command_line()
