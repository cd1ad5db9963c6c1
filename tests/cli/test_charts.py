"""Figures as pictures of one line."""

from __future__ import annotations

import pytest

from collector.charts import bar, sparkline


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([], ""),
        ([None, None], "  "),
        ([5.0], "▁"),
        ([3.0, 3.0], "▁▁"),
        ([0.0, 7.0], "▁█"),
        ([0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0], "▁▂▃▄▅▆▇█"),
        ([0.0, None, 7.0], "▁ █"),
    ],
)
def test_values_become_bars_and_none_a_space(values: list[float | None], expected: str) -> None:
    """From their lowest to their highest; a gap is no zero."""
    assert expected == sparkline(values)


def test_a_range_may_be_given() -> None:
    """Percentages are drawn from 0 to 100; what lies outside ends at its edge."""
    assert sparkline([0, 50, 100], 0, 100) == "▁▅█"
    assert sparkline([-5, 130], 0, 100) == "▁█"


@pytest.mark.parametrize(
    ("share", "expected"),
    [(0, ""), (1, "████"), (0.5, "██"), (0.03125, "▏"), (0.59375, "██▍"), (7, "████"), (-1, "")],
)
def test_a_share_becomes_a_bar(share: float, expected: str) -> None:
    """To an eighth of a character, and never longer than its place."""
    assert expected == bar(share, width=4)
