"""``collector summary benchmarks``: run against run."""

from __future__ import annotations

from typing import Any

from collector.records.base import KINDS
from tests.answers.made import HOUR, Made
from tests.answers.sample import sample
from tests.cli.conftest import Call


def benchmark(made: Made, n: int, **columns: Any) -> None:
    """A benchmark run with its families, n hours ago."""
    kind = KINDS["benchmark"]
    given = {"run_id": f"run{n}", "project_name": "shop", "benchmark_name": "checkout"} | columns
    run = sample(kind, n, made.now_ms, **given, timestamp=made.now_ms - n * HOUR)
    made.add(run)
    for part in kind.parts:
        made.conn.executemany(*part.statement([run]))


def test_the_newest_benchmark_run_stands_against_the_one_before(made: Made, call: Call) -> None:
    """Only what differs, and of which benchmark."""
    for n in (1, 2):
        benchmark(made, n)
    lines = call("summary", "benchmarks").lines
    at = lines.index("shop, checkout")
    assert lines[at + 1 : at + 3] == ["  run1", "  against run2"]
    assert lines[at + 3].split() == ["family", "figure", "before", "after", "change"]
    assert lines[at + 4].split() == ["performance", "total_time_seconds", "14.5", "7.25", "-50", "%"]
    assert not any(line.endswith("same") for line in lines)


def test_runs_without_a_difference_say_so(made: Made, call: Call) -> None:
    """One sentence, and no empty table."""
    benchmark(made, 1)
    kind = KINDS["benchmark"]
    run = sample(kind, 1, made.now_ms, run_id="run0", project_name="shop", benchmark_name="checkout")
    made.add(run)
    for part in kind.parts:
        made.conn.executemany(*part.statement([run]))
    assert call("summary", "benchmarks").lines[-1] == "no figure differs"


def test_two_runs_can_be_compared(made: Made, call: Call) -> None:
    """All figures of all families; as JSON too."""
    for n in (1, 2):
        benchmark(made, n)
    said = call("summary", "benchmarks", "--compare", "run2", "run1")
    assert said.lines[0] == "run1 against run2"
    found = call("summary", "benchmarks", "--compare", "run2", "run1", "--json").json
    assert len(said.lines) == len(found) + 2
    assert list(found[0]) == ["family", "figure", "before", "after", "ratio"]
    assert {row["family"] for row in found} == {"performance", "autonomy", "quality", "workflow"}


def test_a_comparison_that_cannot_be_is_refused(made: Made, call: Call) -> None:
    """Exit status 2, with what to do instead."""
    benchmark(made, 1)
    missing = call("summary", "benchmarks", "--compare", "run1", "gone")
    assert (missing.code, "'gone'" in missing.err, "show benchmark" in missing.err) == (2, True, True)
    other = call("summary", "skills", "--compare", "a", "b")
    assert (other.code, "summary benchmarks --compare" in other.err) == (2, True)


def test_names_send_no_control_characters_to_a_terminal(made: Made, call: Call) -> None:
    """Neither those of benchmarks nor those of runs."""
    for n in (1, 2):
        benchmark(made, n, run_id=f"\x1b[2J{n}", project_name="a\x1b[2Jb")
    assert "\x1b" not in call("summary", "benchmarks").out
