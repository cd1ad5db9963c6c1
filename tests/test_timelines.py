"""A stretch of time as a picture of lines."""

from __future__ import annotations

from collector.terminal import display_width
from collector.timelines import Line, Stretch, lines
from collector.units import percent
from tests.answers.conftest import NOW

MINUTE = 60_000
STRETCH = Stretch(NOW - 20 * MINUTE, MINUTE, NOW - 14 * MINUTE, NOW - 11 * MINUTE - 1)


def drawn(values: list[float | None], width: int | None = None) -> list[str]:
    """The picture of one figure, without its times."""
    line = Line("cpu", values, 0.0, 100.0, percent)
    return list(lines(STRETCH, [line], "run 7", NOW, width))[1:]


def test_the_mark_stands_under_the_time_it_is_about() -> None:
    """Three of twenty minutes; the range of the figure stands behind it."""
    assert drawn([10.0] * 6 + [90.0] * 3 + [10.0] * 11) == [
        "  cpu    ▂▂▂▂▂▂▇▇▇▂▂▂▂▂▂▂▂▂▂▂  10 %…90 %",
        "  run 7        ▔▔▔",
    ]


def test_a_hole_is_blank_and_marked_never_filled() -> None:
    """A line below says what the mark means."""
    assert drawn([10.0] * 12 + [None] * 4 + [10.0] * 4) == [
        "  cpu    ▂▂▂▂▂▂▂▂▂▂▂▂    ▂▂▂▂  10 %…10 %",
        "  run 7        ▔▔▔   ░░░░",
        "  ░      nothing was recorded",
    ]


def test_on_a_narrow_terminal_cells_are_put_together() -> None:
    """Means of the cells that hold something; no line is wider than the terminal."""
    picture = drawn([10.0, 30.0] * 10, 32)
    assert max(map(display_width, picture)) <= 32
    assert picture[0] == "  cpu    ▂▂▂▂▂▂▂▂▂▂  10 %…30 %"


def test_the_times_stand_above_both_ends() -> None:
    """Of the reader's time zone, as the other commands print them."""
    first, *_ = lines(STRETCH, [Line("cpu", [1.0] * 20)], "then", NOW, None)
    start, end = first.split()
    assert (len(start), len(end)) == (5, 5)
    assert first.endswith(end)


def test_without_figures_there_is_no_picture() -> None:
    """Not even its times."""
    assert list(lines(STRETCH, [], "then", NOW, 80)) == []
