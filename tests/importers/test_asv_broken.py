"""Folders that are not as asv leaves them: what is wrong is told, and what is good is read."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from collector.errors import CollectorError
from collector.importers.base import Entry, Fault, Note
from tests.cli import conftest as commands
from tests.importers.asv_results import PROJECT, file, items, project, records
from tests.importers.conftest import DATA

database, config, call = commands.database, commands.config, commands.call  # fixtures of theirs

BROKEN = {
    "00000001-cut.json": ('{"commit_hash": "c0', "not JSON: Unterminated string"),
    "00000002-deep.json": ("[" * 100_000, "not JSON: maximum recursion depth"),
    "00000003-empty.json": ("", "it is empty"),
    "00000004-new.json": ('{"version": 3}', "its `version` is 3; 1 and 2 are known"),
    "00000005-other.json": (
        '{"results": []}',
        "its `version` is missing, or is not a number; 1 and 2 are known",
    ),
    "00000006-list.json": ("[1]", "it is not an object"),
    "00000007-bare.json": ('{"version": 2, "commit_hash": "c"}', "it has no `commit_hash`, or no `results`"),
    "00000008-columns.json": (
        json.dumps(file({}, result_columns=[["result"]])),
        "its `result_columns` is missing, or is not a list of names",
    ),
    "00000009-deep.json": (
        '{"version": ' + "[" * 900 + "]" * 900 + "}",
        "its `version` is missing, or is not a number; 1 and 2 are known",
    ),
    "0000000a-bytes.json": ("\ud800", "not JSON"),
}


def test_broken_files_cost_only_themselves(tmp_path: Path) -> None:
    """Each is told with its reason, and the good ones among them are read."""
    shutil.copytree(PROJECT / "results", tmp_path / "results")
    box = tmp_path / "results" / "box"
    for name, (text, _) in BROKEN.items():
        (box / name).write_text(text, errors="surrogatepass")
    (box / "0000000b-loop.json").symlink_to("0000000b-loop.json")
    (box / "0000000c-folder.json").mkdir()
    found = items(tmp_path)
    faults = [item for item in found if isinstance(item, Fault)]
    expected = [(name, why) for name, (_, why) in BROKEN.items()]
    expected += [
        ("0000000b-loop.json", "Too many levels of symbolic links"),
        ("0000000c-folder.json", "Is a directory"),
    ]
    assert [fault.where for fault in faults] == [f"box/{name}" for name, _ in expected]
    assert [fault.reason[: len(why)] for fault, (_, why) in zip(faults, expected, strict=True)] == [
        why for _, why in expected
    ]
    assert [item.record["id"] for item in found if isinstance(item, Entry)] == [
        one["id"] for one in records(PROJECT)
    ]


@pytest.mark.parametrize(
    ("row", "why"),
    [
        (3, "its results are not a list"),
        ([[1, 2], []], "2 results for 1 combinations of parameters"),
        ([[1], [3]], "its `params` is not a list of lists of texts"),
        ([[1], [[3]]], "its `params` is not a list of lists of texts"),
        ([["x"], []], "a result that is neither a number nor null"),
        ([[[[1]]], []], "a result that is neither a number nor null"),
        ([None, [["1"] * 1000] * 20], "more than 100,000 combinations of parameters"),
    ],
)
def test_a_broken_row_costs_only_itself(tmp_path: Path, row: Any, why: str) -> None:
    """Its place is told, and its neighbour is read."""
    found = items(project(tmp_path, file({"time_x": row, "time_y": [[1], []]})))
    assert [item for item in found if isinstance(item, Fault)] == [
        Fault("box/00000000-py3.11.json: time_x", why)
    ]
    assert sum(isinstance(item, Entry) for item in found) == 1


def test_a_broken_benchmarks_json_is_told_and_done_without(tmp_path: Path) -> None:
    """The names tell what is a time."""
    folder = project(tmp_path, file({"time_x": [[1], []]}))
    (folder / "results" / "benchmarks.json").write_text("{")
    fault, note, entry = items(folder)
    assert isinstance(fault, Fault)
    assert (fault.where, fault.reason[:8]) == ("benchmarks.json", "not JSON")
    assert isinstance(note, Note)
    assert isinstance(entry, Entry)


def test_links_lead_neither_in_circles_nor_to_second_machines(tmp_path: Path) -> None:
    """Another name for the same folder changes nothing."""
    folder = project(tmp_path, file({"time_x": [[1], []]}))
    for link, target in (("again", "."), ("box2", "box"), ("self", "self"), ("gone", "nowhere")):
        (folder / "results" / link).symlink_to(target)
    assert [one["workload"] for one in records(folder)] == ["time_x"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_machine_that_may_not_be_read_is_told(tmp_path: Path) -> None:
    """The others are read."""
    row = {"time_x": [[1], []]}
    folder = project(tmp_path, file(row), file(row, params={"machine": "lap"}))
    (folder / "results" / "lap").chmod(0)
    (folder / "not-of-asv").mkdir(0)
    found = items(folder)
    assert [item for item in found if isinstance(item, Fault)] == [Fault("results/lap", "Permission denied")]
    assert [item.record["workload"] for item in found if isinstance(item, Entry)] == ["time_x"]


def test_a_folder_without_results_is_told_with_what_to_do(tmp_path: Path) -> None:
    """Where they were looked for, and where asv says they are."""
    (tmp_path / "results" / "box").mkdir(parents=True)
    (tmp_path / "results" / "box" / "machine.json").write_text("{}")
    with pytest.raises(CollectorError, match="there is no MACHINE/COMMIT-ENVIRONMENT") as caught:
        items(tmp_path)
    assert "`results_dir` in asv.conf.json" in caught.value.hint


@pytest.mark.parametrize(
    ("path", "why"),
    [
        (DATA / "hyperfine.json", "this is no result file of asv: its `version` is missing"),
        (PROJECT / "results" / "benchmarks.json", "this is no result file of asv: it has no `commit_hash`"),
    ],
)
def test_a_file_of_something_else_is_named_as_such(path: Path, why: str) -> None:
    """Also when asv wrote it."""
    with pytest.raises(CollectorError, match=why):
        items(path)


def test_the_command_takes_a_folder_and_stores_it_once(call: commands.Call, tmp_path: Path) -> None:
    """Infinity is no time; other formats still want files."""
    folder = project(tmp_path, file({"time_x": [[1], []], "time_y": [[float("inf")], []]}))
    first = call("import", "asv", str(folder))
    assert (first.code, first.out) == (1, "1 imported, 1 refused\n")
    assert "box/00000000-py3.11.json: time_y: wall_ms: must be a number, 0 or more" in first.err
    assert call("import", "asv", str(folder)).out == "0 imported, 1 already there, 1 refused\n"
    assert call("import", "hyperfine", str(folder)).err == f"error: {folder}: Is a directory\n"
