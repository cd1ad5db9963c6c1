"""Workloads run as the recorder runs them, with what it wrote down."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import collector.workloads  # noqa: F401  # announces every kind
from collector.errors import ConfigError
from collector.readings.state import Meter
from collector.settings import WorkloadSettings, load
from collector.workloads.base import settings_by_kind
from collector.workloads.execute import Runs
from collector.workloads.spawn import Children


def new_runs() -> Runs:
    """A ledger that keeps nothing."""
    return Runs(lambda *_: None, Children(), Meter(), "0" * 36, 0.1)


def ran(workload: WorkloadSettings, runs: Runs | None = None) -> Any:
    """The record of one run."""
    return (runs or new_runs()).run(workload)


def config_faults(folder: Path, text: str) -> list[str]:
    """What is said of a config in ``folder``; empty where it is taken."""
    path = folder / "c.toml"
    path.write_text(text, encoding="utf-8")
    path.chmod(0o600)
    try:
        load(path, settings_by_kind())
    except ConfigError as error:
        return [str(problem) for problem in error.problems]
    return []


def as_somebody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if this were not root; what root owns is as safe to them as what they own."""
    monkeypatch.setattr("os.geteuid", lambda: 65534)
