"""``data.js`` of github-action-benchmark: every unit that its tools write, and files that are none."""

from __future__ import annotations

import json
from typing import Any

import pytest

from collector.errors import CollectorError
from collector.importers.base import Entry, Note
from tests.cli import conftest as commands
from tests.importers.conftest import DATA, WRITTEN_MS, faults, items, records

FORM = "github-action-benchmark"
FILE = DATA / "github-action-benchmark.js"
RAN_MS = 1_767_700_000_000
database, config, call = commands.database, commands.config, commands.call  # fixtures of theirs


def entry(*benches: Any, **given: Any) -> dict[str, Any]:
    """What the action adds for a commit."""
    commit = {"id": "c0ffee", "timestamp": "2026-01-05T10:00:00Z"}
    return {"commit": commit, "date": RAN_MS, "tool": "cargo", "benches": list(benches), **given}


def bench(value: Any = 1, unit: str = "ms", name: str = "fib") -> dict[str, Any]:
    """A figure of a commit."""
    return {"name": name, "value": value, "unit": unit}


def data(*entries: Any, **suites: Any) -> dict[str, Any]:
    """A file with one suite, or with those named."""
    return {"entries": suites or {"Benchmark": list(entries)}}


def told(given: Any) -> list[str]:
    """The notes about a file."""
    return [item.text for item in items(FORM, given) if isinstance(item, Note)]


def test_each_figure_of_a_commit_becomes_a_run_at_its_date() -> None:
    """The moment at which the action ran is another one; the rate becomes the time of one."""
    fib, first, second = records(FORM, FILE)
    assert fib == {
        "kind": "run", "workload_kind": "import", "id": fib["id"], "workload": "Go: BenchmarkFib",
        "timestamp": 1_767_607_200_000, "git_commit": "1" * 40, "wall_ms": pytest.approx(0.041653),
    }  # fmt: skip
    assert [one["workload"] for one in (first, second)] == ["Python: tests/test_a.py::test_fib"] * 2
    assert [one["wall_ms"] for one in (first, second)] == [4.0, 5.0]
    assert second["timestamp"] - first["timestamp"] == 86_400_000


def test_what_is_no_time_and_what_stands_there_twice_is_counted() -> None:
    """Of Go's columns the first one is the time; the action writes it a second time by itself."""
    assert told(FILE) == [
        "1 result left out: in the file twice, as the action writes the columns of Go",
        "2 results left out: not a time (B/op, allocs/op)",
    ]


@pytest.mark.parametrize(
    ("value", "unit", "expected_ms"),
    [
        (37_174, "ns/iter", 0.037174),  # cargo, googlecpp
        (3, "us/iter", 0.003),  # googlecpp
        (41_653, "ns/op", 0.041653),  # go
        (43.186, "us", 0.043186),  # catch2
        (2, "µs", 0.002),
        (2, "μs", 0.002),
        (1.5, "s", 1500),  # catch2
        (12, "ns", 0.000012),  # julia, benchmarkdotnet
        (7, "ms/op", 7),  # jmh
        (200, "iter/sec", 5),  # pytest
        (11_465, "ops/sec", 1000 / 11_465),  # benchmarkjs
        (4, "ops/ms", 0.25),  # jmh
        (50, "requests/s", 20),
        (2, "Seconds", 2000),
    ],
)
def test_units_of_time_and_rates_become_milliseconds(value: float, unit: str, expected_ms: float) -> None:
    """Those that the tools write, and those that people give by hand."""
    (found,) = records(FORM, data(entry(bench(value, unit))))
    assert found["wall_ms"] == pytest.approx(expected_ms)


def test_other_units_are_left_out_and_told() -> None:
    """The first five of them by name."""
    units = ["B/op", "Percent", "MB/s", "", "Megabytes", "m", "fps"]
    given = data(entry(*(bench(1, unit, f"b{n}") for n, unit in enumerate(units))))
    assert records(FORM, given) == []
    assert told(given) == ["7 results left out: not a time (B/op, Percent, MB/s, Megabytes, m, …)"]


def test_the_suite_stands_in_the_name_only_where_there_are_several() -> None:
    """And before it what --name says."""
    (alone,) = records(FORM, data(A=[entry(bench())]), name="shop")
    both = records(FORM, data(A=[entry(bench())], B=[entry(bench())]), name="shop")
    assert alone["workload"] == "shop: fib"
    assert [one["workload"] for one in both] == ["shop: A: fib", "shop: B: fib"]
    assert alone["id"] == both[0]["id"]
    assert both[0]["id"] != both[1]["id"]


def test_equal_names_in_one_entry_are_told_apart() -> None:
    """As the crates of one workspace may have."""
    found = records(FORM, data(entry(bench(1), bench(1), bench(2))))
    assert [one["workload"] for one in found] == ["fib", "fib (2)", "fib (3)"]
    assert len({one["id"] for one in found}) == 3


def test_a_commit_measured_again_is_another_run() -> None:
    """Also when it took as long; the same entry is the same run, whatever stands beside it."""
    first, second = records(FORM, data(entry(bench()), entry(bench(), date=RAN_MS + 1)))
    (alone,) = records(FORM, data(entry(bench())))
    assert first["id"] == alone["id"] != second["id"]


@pytest.mark.parametrize(
    "timestamp", [None, "yesterday", "1900-01-01T00:00:00Z", 5, "0001-01-01T00:00:00+23:59"]
)
def test_the_moment_of_the_action_counts_where_the_commit_has_no_date(timestamp: Any) -> None:
    """A stamp that cannot be one is none."""
    (found,) = records(FORM, data(entry(bench(), commit={"id": "c", "timestamp": timestamp})))
    assert found["timestamp"] == RAN_MS


@pytest.mark.parametrize("wrap", ["{}", "window.BENCHMARK_DATA = {}", "\ufeff window.BENCHMARK_DATA={};\n"])
def test_the_script_and_the_json_in_it_are_the_same(wrap: str) -> None:
    """With and without what an editor adds."""
    document = data(entry(bench()))
    assert records(FORM, wrap.replace("{}", json.dumps(document))) == records(FORM, document)


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ("", "FILE is empty"),
        ("window.BENCHMARK_DATA = ", "not JSON"),
        ('window.BENCHMARK_DATA = {"entries": {"A": [', "not JSON"),
        ("[" * 100_000, "not JSON"),
        (b"\xff\xfe\x00", "not JSON"),
        ("[1]", "it has no `entries`, or they are not an object"),
        ('{"entries": []}', "it has no `entries`, or they are not an object"),
        ('{"results": []}', "it has no `entries`, or they are not an object"),
    ],
)
def test_a_file_of_something_else_is_named_as_such(given: bytes | str, why: str) -> None:
    """With where the right one is."""
    with pytest.raises(CollectorError, match=why) as caught:
        items(FORM, given)
    assert why == "FILE is empty" or "dev/bench/data.js" in caught.value.hint


def test_a_broken_entry_costs_only_itself() -> None:
    """Its place is told."""
    broken = (3, entry(commit={}), entry(benches={}), entry(commit={"id": "c"}, date=float("nan")))
    assert faults(FORM, data(entry(bench()), *broken)) == [
        ("entries.Benchmark[1]", "is not an object"),
        ("entries.Benchmark[2]", "`commit.id` is missing, or is not a text"),
        ("entries.Benchmark[3]", "`benches` is missing, or is not a list"),
        ("entries.Benchmark[4]", "neither `commit.timestamp` nor `date` is a moment"),
    ]
    assert faults(FORM, data(A=3, B=[])) == [("entries.A", "is not a list")]


def test_a_broken_figure_costs_only_itself() -> None:
    """Numbers in texts are none."""
    broken = (3, bench(name=" "), {"name": "a", "value": 1}, bench("1,234"), bench(True), bench([[]]))
    found = items(FORM, data(entry(*broken, bench())))
    assert faults(FORM, data(entry(*broken, bench()))) == [
        ("entries.Benchmark[0].benches[0]", "is not an object"),
        ("entries.Benchmark[0].benches[1]", "`name` is missing, or is not a text"),
        ("entries.Benchmark[0].benches[2]", "`unit` is missing, or is not a text"),
        *(
            (f"entries.Benchmark[0].benches[{n}]", "`value` is missing, or is not a number")
            for n in (3, 4, 5)
        ),
    ]
    assert sum(isinstance(item, Entry) for item in found) == 1


def test_no_figure_however_odd_stops_the_reading() -> None:
    """What no time can be is refused where it would be stored."""
    odd = '{"entries": {"A": [{"commit": {"id": "c"}, "date": %d, "benches": [%s]}]}}'
    values = ["NaN", "1e999", "-1", "0", "1" + "0" * 400]
    benches = [
        f'{{"name": "b", "value": {value}, "unit": "{unit}"}}' for value in values for unit in ("s", "op/s")
    ]
    assert len(records(FORM, odd % (WRITTEN_MS, ",".join(benches)))) == 10


def test_a_long_name_is_cut_with_a_hash_and_told() -> None:
    """Two that differ at their end stay two."""
    given = data(entry(bench(name="x" * 300 + "a"), bench(name="x" * 300 + "b")))
    first, second = (one["workload"] for one in records(FORM, given))
    assert (len(first), first != second) == (200, True)
    assert told(given) == ["2 names have more than 200 characters: cut, with a hash at the end"]


def test_the_command_stores_it_once(call: commands.Call) -> None:
    """With what was left out on the other stream."""
    first = call("import", FORM, str(FILE))
    assert (first.code, first.out, len(first.err.splitlines())) == (0, "3 imported\n", 2)
    assert call("import", FORM, str(FILE)).out == "0 imported, 3 already there\n"
