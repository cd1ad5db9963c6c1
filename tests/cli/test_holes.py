"""Every answer over a window with gaps says so."""

from __future__ import annotations

import pytest

from collector.answers import gaps
from collector.moments import between
from collector.records.operation import Operation
from tests.answers.made import HOUR, MINUTE, Made
from tests.cli.conftest import Call

COMMANDS = (
    ("runs", "--since", "3h"),
    ("show", "run", "--since", "3h"),
    ("show", "cpu"),
    ("summary", "workloads", "--since", "3h"),
    ("slow", "--since", "3h"),
)


@pytest.fixture
def filled(made: Made) -> Made:
    """A run, a sample and a query two hours ago and one a minute ago."""
    for ago in (2 * HOUR, MINUTE):
        made.run("tests", ago)
        made.cpu(ago, 10)
        made.add(
            Operation.record(
                metric_type="query",
                metric_name="app",
                duration_ms=5.0,
                query_hash="ab",
                timestamp=made.now_ms - ago,
            )
        )
    return made


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_a_gap_in_the_window_is_the_last_line(filled: Made, call: Call, words: tuple[str, ...]) -> None:
    """With why and when."""
    filled.gap(HOUR, 30 * MINUTE, "suspend")
    now = filled.now_ms
    stretch = between(now - HOUR, now - 30 * MINUTE, now)
    assert call(*words).lines[-1] == f"1 gap in the window: suspend {stretch}"


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_programs_get_it_on_stderr(filled: Made, call: Call, words: tuple[str, ...]) -> None:
    """The document on stdout stays what it is."""
    filled.gap(HOUR, 30 * MINUTE, "suspend")
    said = call(*words, "--json")
    assert isinstance(said.json, list)
    assert said.err.startswith("note: 1 gap in the window: suspend ")


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_without_a_gap_nothing_is_said(filled: Made, call: Call, words: tuple[str, ...]) -> None:
    """Not even for one that lies outside the window."""
    filled.gap(5 * HOUR, 4 * HOUR, "suspend")
    said = call(*words)
    assert (said.code, said.err) == (0, "")
    assert "gap" not in said.out


def test_the_shortest_hole_is_as_long_as_the_default_interval() -> None:
    """What is recorded every five seconds has no hole of less."""
    assert gaps.SHORTEST_MS == 5_000
