"""The promise: a new sampler is one new file."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import msgspec
import pytest

from collector import clock
from collector.records.base import KINDS, KINDS_BY_STRUCT, forget
from collector.registry import discover
from collector.samplers.base import SAMPLERS, Context, Group, Seat

UPTIME = '''
"""Samples how long the machine has been up."""

from collector.records.base import Real, Record, Timestamp, kind
from collector.samplers.base import Sampler, sampler


@kind("uptime", "machine")
class UptimeSample(Record):
    """How long the machine has been up."""

    timestamp = Timestamp(primary_key=True)
    uptime_s = Real("since boot", unit="s")

    class Meta:
        table_name = "uptime_samples"


@sampler
class Uptime(Sampler[float]):
    name = "uptime"
    rates = False

    def read(self):
        return float((self.context.proc / "uptime").read_text().split()[0])

    def records(self, before, now, seconds, timestamp):
        return [UptimeSample.record(timestamp=timestamp, uptime_s=now)]
'''


@pytest.fixture
def plugins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """A package with one file that nobody else knows of."""
    package = tmp_path / "dropped_in"
    package.mkdir()
    (package / "__init__.py").write_text('"""One file."""\n')
    (package / "uptime.py").write_text(UPTIME)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield importlib.import_module("dropped_in")
    SAMPLERS.remove("uptime")
    forget("uptime")
    for name in [name for name in sys.modules if name.startswith("dropped_in")]:
        del sys.modules[name]


def test_a_dropped_in_file_announces_itself_and_is_sampled(plugins: ModuleType, real: Context) -> None:
    """Sampler and table come into being by the file alone, and its rows go where all rows go."""
    assert "uptime" not in SAMPLERS
    discover(plugins)
    assert KINDS["uptime"].table == "uptime_samples"
    put: list[msgspec.Struct] = []
    Group([Seat(SAMPLERS["uptime"](real))]).turn(clock.now(), lambda _, records: put.extend(records))
    assert [KINDS_BY_STRUCT[type(record)].name for record in put] == ["uptime"]
    assert put[0].uptime_s > 0  # type: ignore[attr-defined]


def test_two_files_of_one_name_are_refused(plugins: ModuleType) -> None:
    """The second would silently take the place of the first."""
    discover(plugins)
    with pytest.raises(ValueError, match="two of sampler 'uptime'"):
        SAMPLERS.add("uptime", SAMPLERS["uptime"])


def test_the_folder_is_the_list_of_samplers() -> None:
    """Every file but the base announces one, by its own name."""
    from collector import samplers

    files = {path.stem for path in Path(samplers.__path__[0]).glob("*.py")} - {"__init__", "base"}
    assert files == {name for name in SAMPLERS if name in files}
    assert len(files) == 9
