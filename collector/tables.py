"""Tables and blocks of facts: aligned, with the figures to the right, no wider than the terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import click

from collector.terminal import cut, display_width, paint, printable, terminal_width

_SPACE = "  "
_INDENT = 14


class Cell(NamedTuple):
    """A text and the colour that says the same once more."""

    text: str
    colour: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """How a column of a table looks.

    ``cut`` is the width below which its texts are never cut (0: not at all). ``spare`` columns are
    left out where space is short, the highest first; until none is left, others keep ``least`` columns.
    """

    title: str
    right: bool = False
    cut: int = 0
    spare: int = 0
    least: int = 0


def print_table(columns: Sequence[Column], rows: Iterable[Sequence[str | Cell]]) -> list[str]:
    """Print rows under their titles, aligned; numbers to the right, cut with … where a terminal ends.

    Returns the titles of the columns for which there was no room.
    """
    cells = [[_cell(item) for item in row] for row in rows]
    for line in table_lines(columns, cells, terminal_width()):
        click.echo(line)
    shown = _shown(columns, _widest(columns, cells), terminal_width())
    return [column.title for i, column in enumerate(columns) if i not in shown]


def table_lines(
    columns: Sequence[Column], rows: Sequence[Sequence[Cell]], width: int | None
) -> Iterator[str]:
    """The lines of a table no wider than ``width`` where that is possible."""
    widest = _widest(columns, rows)
    shown = _shown(columns, widest, width)
    widths = _fitted(columns, widest, shown, width)
    titles = [Cell(column.title, "bright_black") for column in columns]
    for row in (titles, *rows):
        yield _SPACE.join(_laid(row[i], widths[i], columns[i]) for i in shown).rstrip()


def _widest(columns: Sequence[Column], rows: Sequence[Sequence[Cell]]) -> list[int]:
    return [
        max([display_width(column.title), *(display_width(row[i].text) for row in rows)])
        for i, column in enumerate(columns)
    ]


def _shown(columns: Sequence[Column], widest: list[int], width: int | None) -> list[int]:
    """The columns that stay: spare ones go until the rest fits with its cuttable columns at their least."""
    shown = list(range(len(columns)))
    while width is not None:
        least = sum(min(widest[i], columns[i].least or columns[i].cut or widest[i]) for i in shown)
        spare = [i for i in shown if columns[i].spare]
        if least + len(_SPACE) * (len(shown) - 1) <= width or not spare:
            break
        shown.remove(max(spare, key=lambda i: columns[i].spare))
    return shown


def _fitted(
    columns: Sequence[Column], widest: list[int], shown: list[int], width: int | None
) -> dict[int, int]:
    """Widths of the shown columns: the widest cuttable one gives way, again and again, until all fits."""
    widths = {i: widest[i] for i in shown}
    while width is not None and sum(widths.values()) + len(_SPACE) * (len(shown) - 1) > width:
        cuttable = [i for i in shown if columns[i].cut and widths[i] > columns[i].cut]
        if not cuttable:
            break
        # What should keep its least gives way when nothing else can.
        widths[max(cuttable, key=lambda i: (widths[i] > columns[i].least, widths[i]))] -= 1
    return widths


def _laid(cell: Cell, width: int, column: Column) -> str:
    text = cut(cell.text, width)
    space = " " * (width - display_width(text))
    painted = paint(text, cell.colour)
    return space + painted if column.right else painted + space


def print_facts(facts: Iterable[tuple[str, Sequence[str], str]]) -> None:
    """Print a block of facts: (label, parts, what joins them); what does not fit goes on below."""
    for label, parts, joint in facts:
        for line in fact_lines(label, [printable(part) for part in parts], joint, terminal_width()):
            click.echo(line)


def fact_lines(label: str, parts: Sequence[str], joint: str, width: int | None) -> Iterator[str]:
    """One fact: its label stands once. A line breaks between parts, and between words where it must."""
    line, empty = f"  {label}".ljust(_INDENT), True
    for part in parts:
        longer = line + ("" if empty else joint) + part
        if width is not None and display_width(longer) > width:
            if not empty:
                joined = (line + joint).rstrip()
                yield joined if display_width(joined) <= width else line.rstrip()
                line = " " * _INDENT
            *full, longer = textwrap.wrap(part, width, initial_indent=line, subsequent_indent=" " * _INDENT)
            yield from full
        line, empty = longer, False
    yield line.rstrip()


def _cell(item: str | Cell) -> Cell:
    return Cell(printable(item)) if isinstance(item, str) else Cell(printable(item.text), item.colour)


def print_paragraph(text: str, indent: str = "") -> None:
    """Print a sentence in as many lines as the terminal needs, all but the first behind ``indent``."""
    width, text = terminal_width(), printable(text)
    click.echo(text if width is None else textwrap.fill(text, width, subsequent_indent=indent))
