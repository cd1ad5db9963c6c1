"""Python callables: called in a child, and only where nobody else can change what is imported."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from collector.workloads.python import Python
from tests.security.others import as_root, given_away, opened_to_all, program
from tests.security.runs import as_somebody_else, config_faults, ran
from tests.workloads.made import faults, made

WORKLOAD = """
[[workloads]]
name = "it"
kind = "python"
every = "1m"
callable = "app.bench:rank"
"""
REFUSED = "root runs nothing that others can change: "


@pytest.fixture
def app(tmp_path: Path) -> Path:
    """A package with one callable, which leaves a file where it ran."""
    package = tmp_path / "app"
    (package / "__pycache__").mkdir(parents=True)
    (package / "__init__.py").touch()
    code = "import os\ndef rank():\n    open('ran', 'w').close()\n    print(os.getpid(), os.getppid())\n"
    (package / "bench.py").write_text(code)
    return tmp_path


def exposures(folder: Path, **keys: Any) -> list[tuple[str, str]]:
    """What is said of the callable in ``folder``."""
    return list(made(Python, callable="app.bench:rank", cwd=folder, **keys).exposures())


def test_a_callable_runs_in_a_process_of_its_own(app: Path) -> None:
    """Neither its module nor its process is the recorder's; it is a grandchild of it."""
    record = ran(made(Python, callable="app.bench:rank", cwd=app))
    assert record.outcome == "ok"
    child, runner = map(int, record.output.split())
    assert os.getpid() not in {child, runner}
    assert not {name for name in sys.modules if name == "app" or name.startswith("app.")}


def test_what_is_looked_at_is_not_imported(app: Path) -> None:
    """Neither by the check nor before a run: not even the packages around it."""
    (app / "app/__init__.py").write_text("open('imported', 'w')")
    before = set(sys.modules)
    assert exposures(app) == []
    assert faults(made(Python, callable="app.bench:rank", cwd=app)) == {}
    assert {name for name in set(sys.modules) - before if name.startswith("app")} == set()
    assert not (app / "imported").exists()


@pytest.mark.parametrize("place", [".", "app", "app/__init__.py", "app/bench.py", "app/__pycache__"])
def test_each_place_that_an_import_runs_through_is_judged(app: Path, place: str) -> None:
    """The folder that is searched first, packages, the module, and where compiled ones are kept."""
    said = opened_to_all(app / place)
    assert exposures(app) == [("callable", said)]


def test_a_folder_without_init_is_a_package_too(app: Path) -> None:
    """Python imports through it as well."""
    (app / "app/__init__.py").unlink()
    said = opened_to_all(app / "app/bench.py")
    assert exposures(app) == [("callable", said)]


def test_folders_of_pythonpath_come_before_the_standard_library(app: Path, tmp_path: Path) -> None:
    """Whoever can write one can hide any module; those that the child is not given do not count."""
    lib = tmp_path / "lib"
    lib.mkdir()
    said = opened_to_all(lib)
    assert exposures(app, env=(f"PYTHONPATH=/a\0b::{lib}",)) == [("callable", said)]
    assert exposures(app) == []


def test_a_module_that_is_installed_is_judged_where_it_is(
    app: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which is known of our own interpreter only."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.setattr(sys, "path", [*sys.path, str(app)])
    said = opened_to_all(app / "app/bench.py")
    assert exposures(elsewhere) == [("callable", said)]
    assert exposures(elsewhere, python="python3") == []


def test_the_interpreter_is_judged_too(app: Path) -> None:
    """Under its own key."""
    python = program(app / "python", f'exec {sys.executable} "$@"')
    said = opened_to_all(python)
    assert exposures(app, python=str(python)) == [("python", said)]


@as_root
@pytest.mark.parametrize("harm", [opened_to_all, given_away])
def test_root_refuses_the_config_and_each_run(app: Path, harm: Callable[[Path], str]) -> None:
    """With key and line; and since a file may change hands later, before each run again."""
    workload = made(Python, callable="app.bench:rank", cwd=app)
    assert config_faults(app, WORKLOAD) == []
    said = harm(app / "app/bench.py")
    shown = 'line 6: workloads[1].callable = "app.bench:rank"'
    assert config_faults(app, WORKLOAD) == [f"{shown}: {REFUSED}{said}"]
    record = ran(workload)
    assert (record.outcome, record.detail) == ("failed", f"not run: {REFUSED}{said}")
    assert not (app / "ran").exists()


def test_another_user_may_share_their_code(app: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are warned; see test_commands."""
    opened_to_all(app / "app/bench.py")
    as_somebody_else(monkeypatch)
    assert config_faults(app, WORKLOAD) == []
    assert ran(made(Python, callable="app.bench:rank", cwd=app)).outcome == "ok"
