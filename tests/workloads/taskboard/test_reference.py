"""``kind = "reference"``: the operations in a process of their own, as a run in the ledger."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from collector.errors import ConfigError
from collector.readings.state import Meter
from collector.settings import load
from collector.workloads.base import settings_by_kind
from collector.workloads.execute import Runs, Subject
from collector.workloads.reference import Reference, run
from collector.workloads.spawn import Children
from collector.workloads.taskboard.child import RUNS
from collector.workloads.taskboard.operations import OPERATIONS
from tests.workloads.made import made

SMALL = 1000


def workload(folder: Path, **keys: Any) -> Reference:
    """A small one."""
    return made(Reference, **{"cwd": folder, "size": SMALL, **keys})


def test_a_run_is_put_with_the_figures_of_the_operations_alone(children: Children, tmp_path: Path) -> None:
    """By the recorder's own `Runs`; what it prints is the table, and the folder is empty afterwards."""
    put: list[msgspec.Struct] = []
    runs = Runs(lambda _, records: put.extend(records), children, Meter(), "boot", 0.1)
    canary = workload(tmp_path)
    subject = Subject(canary.name, canary.kind, canary.command_line(), canary.cwd)
    # A busy machine may miss a target, which is no fault of the product.
    record: Any = runs.time(subject, lambda: run(canary, children, stricter=0.001))
    assert put == [record]
    assert (record.workload_kind, record.command) == ("reference", "taskboard of 1,000 tasks")
    assert (record.outcome, record.detail) == ("ok", None)
    assert record.rows == RUNS * len(OPERATIONS)
    assert record.wall_ms > 0
    assert 0 < record.user_ms + record.system_ms < 2 * record.wall_ms
    assert record.max_rss_bytes is None
    lines = record.output.splitlines()
    assert lines[0].split() == ["operation", "target", "p50", "p95", "under", "target", "by"]
    assert sum(line.startswith("✓  ") for line in lines) == len(OPERATIONS)
    assert lines[-1] == f"all {len(OPERATIONS)} targets met"
    assert list(tmp_path.iterdir()) == []


def test_a_run_that_misses_a_target_has_failed_and_names_it(children: Children, tmp_path: Path) -> None:
    """With all its figures."""
    result = run(workload(tmp_path), children, stricter=1e9)
    assert result.outcome == "failed"
    assert result.detail == f"16 of 16 targets missed: {' · '.join(item.name for item in OPERATIONS)}"
    # The start of Python and the filling are no part of the figures.
    assert 0 < result.measured["user_ms"] + result.measured["system_ms"] < result.cpu_ms


def test_a_run_that_takes_too_long_cleans_up(children: Children, tmp_path: Path) -> None:
    """TERM ends it like an error."""
    result = run(workload(tmp_path, size=1_000_000, timeout=0.5), children)
    assert (result.outcome, result.detail) == ("timeout", "took longer than 500ms")
    assert result.measured.keys() <= {"output", "output_bytes"}
    assert list(tmp_path.iterdir()) == []


def test_a_folder_without_room_is_told(children: Children) -> None:
    """/proc has none."""
    result = run(workload(Path("/proc")), children)
    assert (result.outcome, result.detail) == ("failed", "/proc: 1,000 tasks need 52.5 MB, and 0 B are free")


@pytest.mark.parametrize("size", ["999", "1000001", '"many"', "0"])
def test_a_size_out_of_bounds_is_a_fault_of_the_config(tmp_path: Path, size: str) -> None:
    """What is allowed is told."""
    config = tmp_path / "c.toml"
    config.write_text(
        f'[[workloads]]\nname = "canary"\nkind = "reference"\nevery = "1h"\nsize = {size}\n', encoding="utf-8"
    )
    with pytest.raises(ConfigError) as caught:
        load(config, settings_by_kind())
    (problem,) = caught.value.problems
    assert problem.line == 5
    assert "a whole number from 1000 to 1000000" in str(problem)


def test_the_recorder_loads_none_of_it() -> None:
    """Neither the models nor the operations: only the kind's settings."""
    code = "import collector.workloads, sys; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30
    )
    loaded = {name for name in done.stdout.split() if "taskboard" in name}
    assert loaded <= {"collector.workloads.taskboard"}
