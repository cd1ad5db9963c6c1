"""The promise: a new kind of workload is one new file, and nothing else is edited."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from collector.errors import ConfigError
from collector.readings.state import Meter
from collector.registry import discover
from collector.settings import load
from collector.workloads.base import KINDS, settings_by_kind
from collector.workloads.execute import Runs
from collector.workloads.spawn import Children

KIND = '''
"""Workloads that count to a number."""

from collections.abc import Iterator

from collector.settings import WorkloadSettings
from collector.workloads.base import Result, Spawner, workload_kind


class Counting(WorkloadSettings, frozen=True, kw_only=True):
    """``to`` is where it ends."""

    to: int

    def faults(self) -> Iterator[tuple[str, str]]:
        """Only forwards."""
        yield from super().faults()
        if self.to < 0:
            yield "to", "must not be below zero"


@workload_kind("counting", Counting)
def run(workload: Counting, _: Spawner) -> Result:
    """Count."""
    return Result("ok", measured={"wall_ms": 1.0, "rows": sum(1 for _ in range(workload.to))})
'''

CONFIG = """
[[workloads]]
name = "to-a-hundred"
kind = "counting"
every = "1m"
to = {to}
"""


@pytest.fixture
def dropped_in(tmp_path: Path) -> Iterator[None]:
    """A package with just that file, discovered as ours is."""
    package = tmp_path / "kinds_of_test"
    package.mkdir()
    (package / "__init__.py").write_text("", encoding="utf-8")
    (package / "counting.py").write_text(KIND, encoding="utf-8")
    sys.path.insert(0, str(tmp_path))
    discover(importlib.import_module("kinds_of_test"))
    yield
    KINDS.remove("counting")
    sys.path.remove(str(tmp_path))
    for name in ("kinds_of_test", "kinds_of_test.counting"):
        del sys.modules[name]


def config(folder: Path, to: int) -> Path:
    """A config that registers one of the new kind."""
    path = folder / "collector.toml"
    path.write_text(CONFIG.format(to=to), encoding="utf-8")
    return path


@pytest.mark.usefixtures("dropped_in")
def test_a_kind_in_a_file_of_its_own_is_taken_from_the_config_and_runs(tmp_path: Path) -> None:
    """From discovery to the record in the ledger."""
    (workload,) = load(config(tmp_path, 100), settings_by_kind()).workloads
    put: list[msgspec.Struct] = []
    runs = Runs(lambda _, records: put.extend(records), Children(), Meter(), "boot", 0.1)
    record: Any = runs.run(workload)
    assert put == [record]
    assert (record.workload, record.workload_kind, record.rows) == ("to-a-hundred", "counting", 100)


@pytest.mark.usefixtures("dropped_in")
def test_its_own_faults_are_told_with_their_line(tmp_path: Path) -> None:
    """As those of any other kind."""
    with pytest.raises(ConfigError) as caught:
        load(config(tmp_path, -1), settings_by_kind())
    assert [str(problem) for problem in caught.value.problems] == [
        "line 6: workloads[1].to = -1: must not be below zero"
    ]


def test_the_kinds_there_are_announce_themselves() -> None:
    """One file each."""
    assert {"command", "http", "python", "sql"} <= set(KINDS)
