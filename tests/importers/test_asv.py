"""Results of airspeed velocity: a folder that asv wrote, and all that such folders may hold."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from collector.importers.base import Entry
from tests.importers.asv_results import DAY_MS, PROJECT, file, file_of_1, items, names, project, records, told
from tests.importers.conftest import items as of_bytes

ONE = PROJECT / "results" / "box" / "90a301e5-virtualenv-py3.11-six1.16.0-FOO1.json"
FIRST, SECOND = "90a301e53416caf4dc5bbefeab0bb2b24dd8a153", "99da4d64278a656815c5d90580cd80c62b57b39f"


def test_each_result_of_a_commit_becomes_a_run_at_its_date() -> None:
    """Seconds become milliseconds, and the day of `asv run` is another one."""
    (first, *_) = found = records(PROJECT)
    assert len(found) == 28
    assert first == {
        "kind": "run", "workload_kind": "import", "outcome": "ok", "id": first["id"],
        "workload": "bench.Suite.time_x(10, 'a') [virtualenv-py3.11-six1.16.0-FOO1]",
        "timestamp": 1_767_607_200_000, "git_commit": FIRST, "wall_ms": 4.315999831305817e-07 * 1000,
    }  # fmt: skip
    assert {(one["git_commit"], one["timestamp"]) for one in found} == {
        (FIRST, 1_767_607_200_000),
        (SECOND, 1_767_693_600_000),
    }


def test_what_failed_is_a_failed_run_and_what_was_skipped_is_counted() -> None:
    """Null is the one and NaN the other; what is no time is left out with its unit."""
    found = items(PROJECT)
    failed = {
        item.record["workload"].partition(" ")[0]
        for item in found
        if isinstance(item, Entry) and item.record["outcome"] == "failed"
    }
    assert failed == {"bench.time_broken", "bench.Suite.time_x(10,"}
    assert told(found) == [
        "4 results left out: skipped when it was run",
        "8 results left out: not a time (bytes, rows)",
    ]


def test_a_benchmark_that_failed_as_a_whole_failed_with_every_combination(tmp_path: Path) -> None:
    """asv writes one null for all of them."""
    found = records(project(tmp_path, file({"time_x": [None, [["1", "2"], ["'a'"]]]})))
    assert [(one["workload"], one["outcome"]) for one in found] == [
        ("time_x(1, 'a')", "failed"),
        ("time_x(2, 'a')", "failed"),
    ]


@pytest.mark.parametrize("path", [PROJECT, PROJECT / "results", PROJECT / "results" / "box"])
def test_the_folder_may_be_any_of_three(path: Path) -> None:
    """The project, its results and those of a machine."""
    assert records(path) == records(PROJECT)


def test_the_folder_may_be_where_asv_quickstart_puts_it(tmp_path: Path) -> None:
    """In .asv, below the project."""
    shutil.copytree(PROJECT / "results", tmp_path / ".asv" / "results")
    assert records(tmp_path) == records(PROJECT)


def test_one_file_of_a_folder_goes_on_with_the_same_series() -> None:
    """Names, times and ids are those that the whole folder gives it."""
    found = records(ONE)
    assert len(found) == 7
    assert found == [one for one in records(PROJECT) if one in found]


def test_names_tell_machine_and_environment_only_where_there_are_several(tmp_path: Path) -> None:
    """As `asv show` writes them; one folder of several machines has the names of the whole."""
    row = {"time_x": [[1], []]}
    (tmp_path / "a").mkdir()
    assert names(project(tmp_path / "a", file(row), file(row, commit_hash="c1"))) == {"time_x"}
    (tmp_path / "b").mkdir()
    both = project(tmp_path / "b", file(row), file(row, params={"machine": "lap"}))
    assert names(both) == {"time_x [box]", "time_x [lap]"}
    assert names(both / "results" / "lap") == {"time_x [lap]"}
    (tmp_path / "c").mkdir()
    all_four = [file(row, params={"machine": m}, env_name=e) for m in ("box", "lap") for e in ("py3", "py4")]
    assert "time_x [lap/py4]" in names(project(tmp_path / "c", *all_four))


def test_a_name_stands_before_those_of_the_benchmarks(tmp_path: Path) -> None:
    """Two projects may have a `bench.time_x`."""
    assert names(project(tmp_path, file({"time_x": [[1], []]})), name="numpy") == {"numpy: time_x"}


def test_the_start_counts_where_the_commit_has_no_date(tmp_path: Path) -> None:
    """And only there: a run of an old commit belongs to the old days."""
    row = {"time_x": [[1], [], None, 5 * DAY_MS]}
    found = records(project(tmp_path, file(row), file(row, date=None, commit_hash="c1")))
    assert [one["timestamp"] for one in found] == [DAY_MS, 5 * DAY_MS]


def test_ids_follow_from_what_was_measured(tmp_path: Path) -> None:
    """A second measurement of a commit is another run; a failed one that fails again is not."""
    ids = []
    for n, seconds in enumerate((1, 1, 2)):
        (tmp_path / str(n)).mkdir()
        rows = {"time_x": [[seconds], [], None, n], "time_y": [None, [], None, n]}
        ids.append([one["id"] for one in records(project(tmp_path / str(n), file(rows)))])
    assert ids[0] == ids[1]
    assert [a == b for a, b in zip(ids[0], ids[2], strict=True)] == [False, True]


def test_version_1_reads_as_version_2() -> None:
    """`asv update` makes the one of the other, and nothing is stored twice."""
    bare = {"time_a": 0.5, "time_b": {"result": [1, None], "params": [["1", "2"]]}, "time_c": None}
    rows = {"time_a": [[0.5], []], "time_b": [[1, None], [["1", "2"]]], "time_c": [None, []]}
    old = json.dumps(file_of_1(bare))
    new = json.dumps(file(rows, env_name="py3.5-numpy1.9-six"))
    first, second = (
        [item for item in of_bytes("asv", text) if isinstance(item, Entry)] for text in (old, new)
    )
    assert first == second
    assert [one.record["workload"] for one in first] == ["time_a", "time_b(1)", "time_b(2)", "time_c"]


def test_results_of_earlier_versions_are_left_out_as_asv_does(tmp_path: Path) -> None:
    """The code of the benchmark changed, not that which it measures; one that is gone has no unit."""
    rows = {
        "time_x": [[1], [], "old"],
        "time_y": [[2], [], "new"],
        "time_z": [[3], []],
        "time_gone": [[4], []],
    }
    known = {name: {"unit": "seconds", "version": "new"} for name in ("time_x", "time_y", "time_z")}
    found = items(project(tmp_path, file(rows), **known))
    assert [item.where.rpartition(" ")[2] for item in found if isinstance(item, Entry)] == [
        "time_y",
        "time_z",
    ]
    assert told(found) == [
        "1 result left out: from an earlier version of its benchmark, which asv does not compare either",
        "1 result left out: its benchmark is no longer in benchmarks.json",
    ]


def test_a_tracked_figure_with_a_unit_of_time_is_one(tmp_path: Path) -> None:
    """Whatever the function is called."""
    known = {"track_a": {"unit": "ms"}, "track_b": {"unit": "%"}, "track_c": {}}
    rows = {name: [[3.5], []] for name in known}
    (found,) = records(project(tmp_path, file(rows), **known))
    assert (found["workload"], found["wall_ms"]) == ("track_a", 3.5)


def test_without_benchmarks_json_the_names_tell_what_is_a_time(tmp_path: Path) -> None:
    """And that is told."""
    rows = {f"bench.{name}": [[1], []] for name in ("time_a", "TimeBig", "timeraw_c", "peakmem_d", "times")}
    found = items(project(tmp_path, file(rows)))
    assert [item.record["workload"] for item in found if isinstance(item, Entry)] == [
        "bench.time_a",
        "bench.TimeBig",
        "bench.timeraw_c",
    ]
    assert told(found)[0].startswith("no benchmarks.json to tell units and versions")
    assert told(found)[1] == "2 results left out: not a time"


def test_a_long_name_is_cut_with_a_hash_and_told(tmp_path: Path) -> None:
    """Two that differ at their end stay two, the same ones every time."""
    folder = project(tmp_path, file({"time_x": [[1, 2], [[f"'{'x' * 300}{end}'" for end in "ab"]]]}))
    assert {len(name) for name in names(folder)} == {200}
    assert len(names(folder)) == 2
    assert names(folder) == names(folder)
    assert told(items(folder))[-1] == "2 names have more than 200 characters: cut, with a hash at the end"
