"""``pytest --benchmark-json``: a file that the real one writes, and others."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from collector.errors import CollectorError, UsageError
from collector.importers.base import Note
from collector.importers.pytest_benchmark import MOST_ROUNDS
from tests.importers.conftest import WRITTEN_MS, faults, items, records

TESTS = """
import pytest

@pytest.mark.parametrize("n", [1, 2])
def test_sort(benchmark, n):
    benchmark.pedantic(sorted, args=([3, 1, 2] * n,), rounds=5, iterations=10)
"""


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What pytest-benchmark writes of two benchmarks of five rounds."""
    folder = tmp_path_factory.mktemp("benchmarked")
    (folder / "test_it.py").write_text(TESTS, encoding="utf-8")
    words = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "no:cacheprovider",
        "--benchmark-json=b.json",
        "test_it.py",
    ]
    # A child that takes itself for a worker of ours would not measure anything.
    outside = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    subprocess.run(words, cwd=folder, check=True, capture_output=True, timeout=60, env=outside)
    return folder / "b.json"


def made(stats: Any = None, **given: Any) -> dict[str, Any]:
    """A file with one benchmark."""
    benchmark = {"fullname": "t.py::test", "stats": stats or {"data": [1.0, 2.0], "iterations": 3}}
    return {"datetime": "2026-03-01T12:00:00+00:00", "benchmarks": [benchmark], **given}


def test_each_round_becomes_a_run_of_the_benchmark(real: Path) -> None:
    """Its time is that of one iteration."""
    found = records("pytest-benchmark", real)
    written = json.loads(real.read_text())["benchmarks"]
    assert [record["workload"] for record in found] == ["test_it.py::test_sort[1]"] * 5 + [
        "test_it.py::test_sort[2]"
    ] * 5
    assert [r["wall_ms"] for r in found[:5]] == [s * 1000 for s in written[0]["stats"]["data"]]


def test_reading_it_again_gives_the_same_ids(real: Path) -> None:
    """Each its own."""
    once, again = records("pytest-benchmark", real), records("pytest-benchmark", real, written_ms=0)
    assert [record["id"] for record in once] == [record["id"] for record in again]
    assert len({record["id"] for record in once}) == 10


def test_the_last_round_ends_at_the_moment_of_the_file() -> None:
    """All iterations of a round lie in its length."""
    end = 1_772_366_400_000
    assert [r["timestamp"] - end for r in records("pytest-benchmark", made())] == [-9000, -6000]


def test_early_versions_wrote_their_moment_without_a_zone() -> None:
    """It is UTC; where there is none at all, the file's own date serves."""
    naive = records("pytest-benchmark", made(datetime="2026-03-01T12:00:00"))
    assert naive[1]["timestamp"] == 1_772_366_400_000 - 6000
    assert records("pytest-benchmark", made(datetime=None))[1]["timestamp"] == WRITTEN_MS - 6000


def test_the_commit_comes_along() -> None:
    """Where there was one."""
    (run, *_) = records("pytest-benchmark", made(commit_info={"id": "0123abc", "dirty": True}))
    assert (run["git_commit"], run["git_dirty"]) == ("0123abc", True)
    (run, *_) = records("pytest-benchmark", made(commit_info={"id": "unversioned", "dirty": False}))
    assert "git_commit" not in run


def test_without_rounds_the_median_is_the_one_run() -> None:
    """`--benchmark-autosave` leaves them out."""
    (run,) = records("pytest-benchmark", made({"median": 0.25, "iterations": 1}))
    assert run["wall_ms"] == 250


def test_of_very_many_rounds_a_thousand_are_taken() -> None:
    """From the first to the last, evenly; a note says so."""
    data = [n / 1e6 for n in range(4_500)]
    note, *found = items("pytest-benchmark", made({"data": data, "iterations": 1}))
    assert note == Note("t.py::test: 1,000 of its 4,500 rounds taken, evenly spaced")
    assert len(found) == MOST_ROUNDS
    assert found[-1].where == "benchmarks[0].stats.data[4495]"


def test_a_name_replaces_that_of_the_test() -> None:
    """In a file with one benchmark."""
    assert {run["workload"] for run in records("pytest-benchmark", made(), name="sort")} == {"sort"}
    with pytest.raises(UsageError, match="has 2 benchmarks"):
        items("pytest-benchmark", {"benchmarks": [{}, {}]}, name="sort")


def test_a_file_of_something_else_is_named_as_such() -> None:
    """With how to make a right one."""
    with pytest.raises(
        CollectorError, match="no pytest --benchmark-json file: it has no `benchmarks`"
    ) as caught:
        items("pytest-benchmark", '{"results": []}')
    assert "pytest --benchmark-json" in caught.value.hint


def test_a_broken_benchmark_costs_only_itself() -> None:
    """Its place is told."""
    broken = [
        3,
        {},
        {"fullname": "a"},
        {"fullname": "a", "stats": {}},
        {"fullname": "a", "stats": {"data": [None]}},
    ]
    assert faults("pytest-benchmark", made(benchmarks=broken)) == [
        ("benchmarks[0]", "is not an object"),
        ("benchmarks[1]", "`fullname` is missing, or is not a text"),
        ("benchmarks[2]", "`stats` has neither `data` nor `median`"),
        ("benchmarks[3]", "`stats` has neither `data` nor `median`"),
        ("benchmarks[4]", "`stats.data` has null in it"),
    ]
