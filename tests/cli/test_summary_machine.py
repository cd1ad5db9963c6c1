"""``collector summary machine``."""

from __future__ import annotations

from tests.answers.made import HOUR, MINUTE, Made
from tests.cli.conftest import Call


def test_each_figure_is_told_in_its_unit(made: Made, call: Call) -> None:
    """Its subject stands where it begins."""
    made.cpu(MINUTE, 20.0)
    made.cpu(2 * MINUTE, 40.0)
    said = call("summary", "machine")
    assert (said.code, said.err) == (0, "")
    assert said.lines[1].split() == [
        "cpu",
        "busy",
        "30",
        "%",
        "20",
        "%",
        "30",
        "%",
        "39",
        "%",
        "40",
        "%",
        "40",
        "%",
    ]
    assert said.lines[2].split()[0] == "user"


def test_json_is_a_row_a_figure(made: Made, call: Call) -> None:
    """With the names of its columns."""
    made.memory(MINUTE, 40.0)
    (row,) = [row for row in call("summary", "machine", "--json").json if row["figure"] == "used_percent"]
    assert {key: row[key] for key in ("subject", "key", "count", "avg", "unit")} == {
        "subject": "memory", "key": "[]", "count": 1, "avg": 40.0, "unit": "%",
    }  # fmt: skip


def test_a_window_without_samples_says_what_to_do(made: Made, call: Call) -> None:
    """It is that of the last 24 hours unless it is said otherwise."""
    made.cpu(25 * HOUR, 20.0)
    nothing = "no sample in that time: `collector status` tells whether the recorder runs\n"
    assert call("summary", "machine").out == nothing
    assert call("summary", "machine", "--since", "2d").out != nothing


def test_a_gap_in_the_window_is_told(made: Made, call: Call) -> None:
    """Its mean is none of the time in the gap."""
    made.cpu(MINUTE, 20.0)
    made.gap(HOUR, 30 * MINUTE, "suspend")
    assert call("summary", "machine", "--since", "2h").lines[-1].startswith("1 gap in the window: suspend ")
