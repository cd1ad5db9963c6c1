"""Tables and facts: aligned, as wide as the terminal at the most, whole where they are piped."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.tables import Cell, Column, fact_lines, print_table, table_lines
from collector.terminal import cut, display_width, printable

COLUMNS = (
    Column("name", cut=6),
    Column("took", right=True),
    Column("rarely asked", spare=2),
    Column("sometimes asked", spare=1),
    Column("detail", cut=4),
)
ROWS = [
    [Cell(text) for text in ("unit-tests", "41.8 s", "r1", "s1", "exit 2 after a while")],
    [Cell(text) for text in ("open-orders", "3.10 ms", "r2", "s2", "")],
]


def test_figures_stand_to_the_right_and_nothing_is_cut() -> None:
    """Without a width, as in a pipe, every text is whole."""
    assert list(table_lines(COLUMNS, ROWS, None)) == [
        "name            took  rarely asked  sometimes asked  detail",
        "unit-tests    41.8 s  r1            s1               exit 2 after a while",
        "open-orders  3.10 ms  r2            s2",
    ]


def test_spare_columns_go_first_then_texts_are_cut() -> None:
    """The highest spare one first; the figures stay whole."""
    assert list(table_lines(COLUMNS, ROWS, 50)) == [
        "name            took  sometimes asked  detail",
        "unit-tests    41.8 s  s1               exit 2 aft…",
        "open-orders  3.10 ms  s2",
    ]
    assert list(table_lines(COLUMNS, ROWS, 30)) == [
        "name          took  detail",
        "unit-tes…   41.8 s  exit 2 af…",
        "open-ord…  3.10 ms",
    ]


@given(st.lists(st.lists(st.text(max_size=40), min_size=5, max_size=5), max_size=4), st.integers(40, 120))
def test_whatever_the_texts_it_fits(texts: list[list[str]], width: int) -> None:
    """Wide characters and empty texts too, as long as the figures leave room."""
    rows = [[Cell(printable(text)) for text in (row[0], "1 s", *row[2:])] for row in texts]
    columns = [Column("a", cut=6), Column("b", right=True), *(Column("c", cut=4, spare=n) for n in (1, 2, 3))]
    for line in table_lines(columns, rows, width):
        assert display_width(line) <= width


def test_control_characters_are_written_out(capsys: pytest.CaptureFixture[str]) -> None:
    """A stored text can neither clear the screen nor begin a new line."""
    print_table((Column("name"),), [["\x1b[2Jgone\nnext\u202e"]])
    assert capsys.readouterr().out.splitlines() == ["name", r"\x1b[2Jgone\nnext\u202e"]


@pytest.mark.parametrize(
    ("text", "width", "expected"), [("abc", 3, "abc"), ("abcd", 3, "ab…"), ("日本語", 4, "日…"), ("", 3, "")]
)
def test_a_cut_is_shown(text: str, width: int, expected: str) -> None:
    """With … in the last place; a wide character counts as two."""
    assert expected == cut(text, width)


def test_facts_break_between_their_parts() -> None:
    """What joins them stays at the end of the line, so that one sees that it goes on."""
    parts = ["1,204 received = 1,200 committed", "2 duplicate", "2 rejected"]
    assert list(fact_lines("records", parts, " + ", 50)) == [
        "  records     1,204 received = 1,200 committed +",
        "              2 duplicate + 2 rejected",
    ]
    assert list(fact_lines("records", parts, " + ", None)) == [
        "  records     1,204 received = 1,200 committed + 2 duplicate + 2 rejected"
    ]


def test_a_long_sentence_breaks_between_words() -> None:
    """Rather than be cut: it says what to do."""
    lines = list(fact_lines("problem", ["nothing is recording: start it with `collector run`"], "", 40))
    assert lines == [
        "  problem     nothing is recording:",
        "              start it with `collector",
        "              run`",
    ]
