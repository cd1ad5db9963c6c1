"""What samplers are given in tests: the real kernel, or a tree of files in its place."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import psutil
import pytest
import structlog

from collector.samplers.base import Context
from collector.settings import Recorder, Settings

Write = Callable[[dict[str, str]], None]


@pytest.fixture
def real(tmp_path: Path) -> Context:
    """This machine, and a database that is not there yet."""
    return Context(Settings(path=None, collector=Recorder(database=tmp_path / "collector.db")))


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Context:
    """A machine made of files: see `write`."""
    monkeypatch.setattr(psutil, "PROCFS_PATH", str(tmp_path / "proc"))
    return Context(Settings(path=None), proc=tmp_path / "proc", sys=tmp_path / "sys")


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes files of the fake machine, named by their path from ``proc/`` or ``sys/`` on."""

    def write(files: dict[str, str]) -> None:
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")

    return write


@pytest.fixture
def said() -> Any:
    """Every log event from here on, as a list of dicts."""
    with structlog.testing.capture_logs() as events:
        yield events


def columns(records: list[msgspec.Struct]) -> list[dict[str, Any]]:
    """Records as dicts, to be compared with what is expected."""
    return [msgspec.structs.asdict(record) for record in records]
