"""How often each is timed, and what the figures are."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from collector.orm import select
from collector.workloads.taskboard.board import opened
from collector.workloads.taskboard.measure import WARM_UP, Measured, measured, measuring, steps
from collector.workloads.taskboard.operation import Board, Operation, Work
from collector.workloads.taskboard.operations import OPERATIONS
from collector.workloads.taskboard.table import show, verdict


def made(times_ms: list[float], target_ms: float = 100.0) -> Measured:
    """An operation that took so long each time."""
    return Measured(Operation("it", target_ms, lambda *_: list), target_ms, times_ms, 0.0, 0.0, [])


def test_percentiles_lie_between_ranks() -> None:
    """As PERCENTILE_CONT has it."""
    found = made([1.0, 2.0, 3.0, 4.0, 5.0])
    assert (found.p50_ms, found.p95_ms) == (3.0, pytest.approx(4.8))
    assert (made([7.0]).p50_ms, made([7.0]).p95_ms) == (7.0, 7.0)


@pytest.mark.parametrize(("took_ms", "missed"), [(100.0, None), (100.1, "it")])
def test_p95_decides(took_ms: float, missed: str | None) -> None:
    """At most the target."""
    assert made([took_ms]).missed == missed


@pytest.mark.parametrize(
    ("took_ms", "ending"),
    [(3700.0, "  37 × over"), (500.0, " 5.0 × over"), (100.0, " 1.0 ×"), (0.1, "1,000 × " + "█" * 24)],
)
def test_a_miss_says_by_how_much(capsys: pytest.CaptureFixture[str], took_ms: float, ending: str) -> None:
    """In place of a bar."""
    show([made([took_ms])])
    assert capsys.readouterr().out.splitlines()[1].endswith(ending)


def test_misses_are_parted_by_what_no_name_holds() -> None:
    """Names hold commas."""
    found = [made([200.0]), made([1.0]), replace(made([1.0]), unused=["a", "b"])]
    assert verdict(found) == "2 of 3 targets missed: it · it (does not use a, b)"


def test_an_operation_is_warmed_up_and_prepared_outside_the_clock(read_board: Board) -> None:
    """Every repetition gets its own number."""
    prepared, worked = [], []

    def prepare(_: Board, n: int) -> Work:
        prepared.append(n)
        return lambda: worked.append(n)

    found = measured(read_board, Operation("it", 5.0, prepare), 3, stricter=10)
    assert prepared == worked == list(range(WARM_UP + 3))
    assert len(found.times_ms) == 3
    assert found.target_ms == 0.5


def test_a_bench_takes_the_steps_that_it_says(tmp_path: Path) -> None:
    """One for each epic, one for each operation; all are measured, and leave the taskboard as it was."""
    found = list(measuring(tmp_path, 1001, 1))
    assert len(found) == steps(1001) == 2 + len(OPERATIONS)
    assert [item.operation.name for item in found if item] == [item.name for item in OPERATIONS]
    with opened(tmp_path / "taskboard.db") as database:
        assert select(database, "SELECT count(*) FROM tasks") == [(1001,)]
        assert select(database, "PRAGMA foreign_key_check") == []


def test_nothing_of_a_bench_that_was_given_up_stays_open(tmp_path: Path) -> None:
    """Not even in the middle of the filling, which is taken back."""
    bench = measuring(tmp_path, 2000, 1)
    next(bench)
    bench.close()
    assert [path.name for path in tmp_path.iterdir()] == ["taskboard.db"]
