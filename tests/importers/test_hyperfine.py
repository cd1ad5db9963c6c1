"""``hyperfine --export-json``: files that hyperfine wrote, and files that it did not."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from collector.errors import CollectorError, UsageError
from collector.importers.base import Entry
from tests.importers.conftest import DATA, WRITTEN_MS, faults, items, records

FILE = DATA / "hyperfine.json"


def result(**given: Any) -> dict[str, Any]:
    """A file with one result."""
    return {"results": [{"command": "make", "times": [1.0, 2.0], "exit_codes": [0, 0], **given}]}


def test_each_time_becomes_a_run_of_the_command() -> None:
    """Seconds become milliseconds; the exit status decides the outcome."""
    found = records("hyperfine", FILE)
    assert len(found) == 24
    first, failed = found[0], found[4]
    assert (first["workload"], first["wall_ms"]) == ("sleep 0.01 (n = 1)", pytest.approx(11.700641))
    assert (first["outcome"], first["exit_code"], first["workload_kind"]) == ("ok", 0, "import")
    assert (failed["command"], failed["outcome"], failed["exit_code"]) == ("false", "failed", 1)


def test_a_parameter_stands_in_the_name_only_where_the_command_is_not_enough() -> None:
    """A command that uses its parameter differs by itself."""
    names = {record["workload"] for record in records("hyperfine", FILE)}
    assert names >= {"sleep 0.001", "sleep 0.002", "false (n = 1)", "false (n = 2)"}
    prepared = {record["workload"] for record in records("hyperfine", DATA / "hyperfine-prepared.json")}
    assert prepared == {"sleep 0.01 (n = 1)", "sleep 0.01 (n = 2)"}


def test_runs_lie_before_the_moment_the_file_was_written() -> None:
    """One after the other; the last one ends with it."""
    found = records("hyperfine", result())
    assert [record["timestamp"] - WRITTEN_MS for record in found] == [-3000, -2000]


def test_the_ids_follow_from_the_content_alone() -> None:
    """A copied file has another date, and the same runs."""
    once = [record["id"] for record in records("hyperfine", FILE)]
    again = [record["id"] for record in records("hyperfine", FILE, written_ms=WRITTEN_MS + 5_000)]
    assert once == again
    assert len(set(once)) == 24


def test_what_two_files_have_in_common_has_the_same_ids() -> None:
    """Whatever stands beside it in the other file."""
    results = json.loads(FILE.read_text())["results"]
    whole = {record["id"] for record in records("hyperfine", FILE)}
    part = {record["id"] for record in records("hyperfine", {"results": results[2:4]})}
    assert len(part & whole) == 8


def test_memory_and_signals_are_kept_where_the_file_has_them() -> None:
    """Later versions measure memory; 0 is none. A null exit code is a signal."""
    first, second = records("hyperfine", result(exit_codes=[0, None], memory_usage_byte=[5_000_000, 0]))
    assert (first["max_rss_bytes"], second["max_rss_bytes"]) == (5_000_000, None)
    assert (second["outcome"], second["detail"]) == ("failed", "ended by a signal")


def test_early_versions_had_no_exit_codes() -> None:
    """They ended at the first failure, so all was well."""
    assert [record["outcome"] for record in records("hyperfine", result(exit_codes=None))] == ["ok", "ok"]


def test_a_name_replaces_the_command() -> None:
    """In a file with one result; with more it could not tell them apart."""
    assert {record["workload"] for record in records("hyperfine", result(), name="build")} == {"build"}
    with pytest.raises(UsageError, match="has 6 results, which --name cannot tell apart"):
        items("hyperfine", FILE, name="build")


def test_a_name_has_no_secret_and_no_line_break_and_fits() -> None:
    """Two long ones that differ at their end stay two."""
    (first, *_) = records("hyperfine", result(command="curl --token=abc\n  http://a"))
    assert (first["workload"], first["command"]) == (
        "curl --token=*** http://a",
        "curl --token=***\n  http://a",
    )
    long = [records("hyperfine", result(command="x" * 5000 + end))[0]["workload"] for end in "ab"]
    assert [len(name) for name in long] == [200, 200]
    assert long[0] != long[1]


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ("", "FILE is empty"),
        ("{", "no hyperfine --export-json file: not JSON"),
        ("[" * 100_000, "no hyperfine --export-json file: not JSON"),
        (b"\xff\xfe\x00", "no hyperfine --export-json file: not JSON"),
        ("[1]", "it is not an object with `results`"),
        ('{"benchmarks": []}', "it has no `results`"),
        ('{"results": 3}', "its `results` is not a list"),
    ],
)
def test_a_file_of_something_else_is_named_as_such(given: bytes | str, why: str) -> None:
    """With what is missing, and how to make a right one."""
    with pytest.raises(CollectorError, match=why):
        items("hyperfine", given)


def test_a_broken_result_costs_only_itself() -> None:
    """Its place is told."""
    good = {"command": "a", "times": [1]}
    assert faults("hyperfine", {"results": [good, 3, {"times": []}, {"command": "a"}, good]}) == [
        ("results[1]", "is not an object"),
        ("results[2]", "`command` is missing, or is not a text"),
        ("results[3]", "`times` is missing, or is not a list"),
    ]


def test_no_time_however_odd_stops_the_reading() -> None:
    """What is no number is passed on, and refused where it would be stored."""
    found = items(
        "hyperfine", '{"results": [{"command": "a", "times": [NaN, 1e999, "x", null, -1, true, [], 2]}]}'
    )
    assert [item.where for item in found] == [f"results[0].times[{n}]" for n in range(8)]
    assert {item.record["timestamp"] for item in found if isinstance(item, Entry)} == {WRITTEN_MS - 2000}


@pytest.mark.skipif(shutil.which("hyperfine") is None, reason="hyperfine is not installed")
def test_what_the_hyperfine_of_this_machine_writes_can_be_read(tmp_path: Path) -> None:
    """Whatever its version."""
    path = tmp_path / "h.json"
    words = ["hyperfine", "-N", "--runs", "3", "--export-json", str(path), "true"]
    subprocess.run(words, check=True, capture_output=True, timeout=30)
    assert [record["workload"] for record in records("hyperfine", path)] == ["true"] * 3
