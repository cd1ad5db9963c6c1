"""The promise: a new format is one new file."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from collector.importers.base import IMPORTERS
from collector.registry import discover
from tests.importers.conftest import WRITTEN_MS, records

TIME_LOG = '''
"""What a build writes: a name and seconds a line."""

from collector.importers.base import Entry, importer
from collector.importers.document import digest


@importer("time-log", "what our build writes")
def read(source, options):
    for number, line in enumerate(source.stream, 1):
        name, seconds = line.decode().split()
        run = {"kind": "run", "workload": name, "timestamp": source.written_ms}
        own = {"wall_ms": float(seconds) * 1000, "id": digest("time-log", number, name, seconds)}
        yield Entry(f"line {number}", {**run, **own})
'''


@pytest.fixture
def plugins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """A package with one file that nobody else knows of."""
    package = tmp_path / "dropped_formats"
    package.mkdir()
    (package / "__init__.py").write_text('"""One file."""\n')
    (package / "time_log.py").write_text(TIME_LOG)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield importlib.import_module("dropped_formats")
    IMPORTERS.remove("time-log")


def test_a_file_that_is_dropped_in_is_a_format(plugins: ModuleType) -> None:
    """It announces itself; nothing else is edited."""
    discover(plugins)
    first, second = records("time-log", "build 1.5\ntests 20\n")
    assert (first["workload"], first["wall_ms"], first["timestamp"]) == ("build", 1500, WRITTEN_MS)
    assert first["id"] != second["id"]
