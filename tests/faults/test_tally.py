"""How the rounds of a row are judged together, and what of them stands in the table."""

from __future__ import annotations

import pytest

from tests.faults.checker import Verdict
from tests.faults.report import cells, summary
from tests.faults.row import ALL_ROUNDS, Fault, Figure, Round
from tests.faults.tally import Tally

HELD = Verdict(acknowledged=5, stored=5)


def tally(planned: int = 2, **bars: float) -> Tally:
    """Of a row whose rounds are given by hand."""
    return Tally(Fault("eclipse", "it is dark", 1, 2, False, lambda *_: iter(()), bars), planned)  # type: ignore[arg-type, return-value]


@pytest.mark.parametrize(
    ("figure", "said"),
    [(1.0, []), (1.01, ["grown 1.01, bar 1"]), (float("nan"), ["grown nan, bar 1"]), (0, [])],
)
def test_a_figure_over_its_bar_fails_the_row(figure: Figure, said: list[str]) -> None:
    """At the bar it has held; what is no number has not."""
    row = tally(grown=1)
    row.add(Round(HELD, figures={"grown": figure}))
    assert (list(row.over), row.failed) == (said, bool(said))


def test_a_slow_recovery_fails_the_row_and_is_shown() -> None:
    """After more than ten seconds, though nothing was lost."""
    row = tally()
    row.add(Round(HELD, 12.34))
    assert [str(getattr(cell, "text", cell)) for cell in cells(row, [])] == [
        "eclipse", "1", "5", "12.34 s", "FAILED: recovered after 12.3 s, bar 10",
    ]  # fmt: skip


def test_times_may_be_left_unjudged() -> None:
    """In a test suite on a busy machine; other figures are judged there, too."""
    row = tally(**{"p99 ms": 50, "missed": 0}).fault
    result = Round(HELD, 99.0, {"p99 ms": 51, "missed": 1})
    assert row.over(result, times=False) == ["missed 1, bar 0"]


@pytest.mark.parametrize(("planned", "shown"), [(200, "1 of 200"), (ALL_ROUNDS, "1 of all")])
def test_a_row_cut_short_says_of_how_many(planned: int, shown: str) -> None:
    """A sum of the rounds is none itself."""
    row = tally(planned)
    row.add(Round(Verdict()))
    row.add(Round(HELD, is_sum=True))
    row.end = "cut"
    assert (row.shown_rounds, row.state) == (shown, "held")
    assert summary([row]) == "1 row held in 1 round: 1 cut short by their time"


def test_a_row_that_acknowledged_nothing_has_tested_nothing() -> None:
    """Unless somebody ended it."""
    row = tally()
    row.add(Round(Verdict()))
    assert row.state == "FAILED"
    row.end = "stopped"
    assert row.state == "stopped"
