"""Workloads: over their budget, failing, and recovered."""

from __future__ import annotations

from typing import Any

import pytest

from collector.workloads.child import result_of
from tests.alerts.made import NOW_MS, Heard, run

OVER, WITHIN = 104_000.0, 80_000.0
HOUR_MS = 3_600_000


def test_one_run_over_the_budget_is_no_change_of_state() -> None:
    """The log has told of it; two of three are."""
    heard = Heard()
    assert heard.hear(run(OVER), run(WITHIN)) == []
    assert heard.hear(run(OVER)) == ["over_budget"]
    assert heard.hear(run(OVER), run(WITHIN), run(WITHIN), run(OVER), run(WITHIN), run(WITHIN)) == []
    assert heard.hear(run(WITHIN)) == ["recovered"]
    assert heard.sentences == [
        "unit-tests is over its budget: 2 of the last 3 runs took more than 90 s (last 104 s)",
        "unit-tests is within its budget again: the last 3 runs kept to 90 s (last 80.0 s)",
    ]


def test_a_timeout_is_over_the_budget_and_a_failure_too() -> None:
    """Where there is a budget; each tells its own state."""
    timeout = run(600_000.0, "timeout", detail="took longer than 10m")
    heard = Heard()
    assert heard.hear(timeout, timeout) == ["over_budget", "failing"]
    over, failing = heard.sentences
    assert over == (
        "unit-tests is over its budget: 2 of the last 3 runs took more than 90 s"
        " (the last ran into its timeout)"
    )
    assert failing == "unit-tests is failing: 2 runs in a row went wrong (last: took longer than 10m)"
    unbudgeted = run(600_000.0, "timeout", budget_ms=None)
    assert Heard().hear(unbudgeted, unbudgeted) == ["failing"]


def test_what_failed_within_its_budget_did_not_keep_it() -> None:
    """It may only have ended early; what failed after more than its budget was over it."""
    heard = Heard()
    heard.hear(run(OVER), run(OVER))
    assert heard.hear(run(10.0, "failed"), run(WITHIN), run(10.0, "failed"), run(WITHIN)) == []
    assert heard.hear(run(WITHIN)) == ["recovered"]
    assert Heard().hear(run(OVER, "failed"), run(OVER)) == ["over_budget"]


@pytest.mark.parametrize("outcome", ["failed", "timeout", "crashed"])
def test_two_bad_runs_in_a_row_are_failing_and_two_good_ones_the_end(outcome: str) -> None:
    """Not one, and not two with a good one between."""
    bad, good = run(10.0, outcome, budget_ms=None), run(budget_ms=None)
    heard = Heard()
    assert heard.hear(bad, good, bad, good) == []
    assert heard.hear(bad, bad) == ["failing"]
    assert heard.hear(bad, good, bad, good) == []
    assert heard.hear(good) == ["recovered"]
    assert heard.sentences[1] == "unit-tests works again: 2 runs in a row went well"


@pytest.mark.parametrize("outcome", ["missed", "overlapped"])
def test_a_run_that_did_not_happen_is_neither_good_nor_bad(outcome: str) -> None:
    """It stands between two bad ones as if it were not there."""
    absent = run(None, outcome)
    assert Heard().hear(absent, absent, absent) == []
    assert Heard().hear(run(1.0, "failed"), absent, run(1.0, "failed")) == ["failing"]


def test_a_run_that_the_recorders_stop_cut_off_is_nobodys_fault() -> None:
    """As the runner tells of it, and as the ledger does of one that it could not wait for."""
    by_runner = result_of({"ended": "stopped", "after_ms": 5000.0}).detail
    by_ledger = "still going on after 5.00 s when the recorder stopped"
    cut = [run(None, "failed", detail=detail) for detail in (by_runner, by_ledger, by_runner)]
    assert Heard().hear(*cut) == []


def test_a_budget_that_is_taken_away_ends_its_state() -> None:
    """Nobody could keep to it any more."""
    heard = Heard()
    heard.hear(run(OVER), run(OVER))
    assert heard.hear(run(OVER, budget_ms=None), run(OVER, budget_ms=None)) == ["recovered"]
    assert heard.sentences[-1] == "unit-tests has no budget any more"


def test_what_ran_long_ago_and_is_imported_is_no_news() -> None:
    """An hour ago and more."""
    old = run(1000.0, "failed", timestamp=NOW_MS - HOUR_MS - 2000)
    late = run(1000.0, "failed", timestamp=NOW_MS - HOUR_MS)
    assert Heard().hear(old, old) == []
    assert Heard().hear(late, late) == ["failing"]


def test_workloads_are_told_apart() -> None:
    """One bad run of each is none in a row."""
    names = ("a", "b", "c")
    heard = Heard()
    assert heard.hear(*(run(1.0, "failed", workload=name) for name in names)) == []
    assert heard.hear(run(1.0, "failed", workload="b")) == ["failing"]


def test_a_row_has_the_figures_behind_it() -> None:
    """In milliseconds, for machines."""
    heard = Heard()
    heard.hear(run(OVER), run(OVER))
    row: Any = heard.rows[0]
    assert (row.timestamp, row.subject_kind, row.subject) == (NOW_MS, "workload", "unit-tests")
    assert (row.concern, row.from_state, row.to_state) == ("over_budget", "ok", "over_budget")
    assert row.details == {"bad": 2, "of": 3, "last_ms": OVER, "outcome": "ok", "budget_ms": 90_000.0}
