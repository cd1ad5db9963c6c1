"""The table of a bench, as a person reads it."""

from __future__ import annotations

import math
from collections.abc import Sequence

import click

from collector.charts import bar
from collector.tables import Cell, Column, print_table
from collector.terminal import terminal_width
from collector.units import duration

from .measure import Measured

# Ratios go from 1 to thousands, so the bars are logarithmic: a full one stands for this.
FULL = 1000.0
LEGEND = "bars: a third is 10 × under target, a full one 1,000 × and more"
COLUMNS = (
    Column(""),
    Column("operation"),
    Column("target", right=True),
    Column("p50", right=True),
    Column("p95", right=True),
    Column("under target by"),
)
_SPACE = 2
_PIPED, _WIDEST, _NARROWEST = 24, 40, 6


def show(found: Sequence[Measured]) -> None:
    """Print a row for each operation, and the verdict on all last."""
    lines = [_line(item) for item in found]
    left = _left(lines)
    print_table(COLUMNS, [[*cells, _ratio(item, left)] for cells, item in zip(lines, found, strict=True)])
    if left:
        click.echo(LEGEND)
    click.echo(verdict(found))


def verdict(found: Sequence[Measured]) -> str:
    """One sentence: all met, or which not; names hold commas, so these do not part them."""
    missed = [item.missed for item in found if item.missed]
    if not missed:
        return f"all {len(found)} targets met"
    return f"{len(missed)} of {len(found)} targets missed: {' · '.join(missed)}"


def _line(item: Measured) -> list[Cell]:
    mark = Cell("✗", "red") if item.missed else Cell("✓", "green")
    times = (item.target_ms, item.p50_ms, item.p95_ms)
    return [mark, Cell(item.operation.name), *(Cell(duration(ms)) for ms in times)]


def _left(lines: Sequence[Sequence[Cell]]) -> int:
    """How wide a bar may be beside these cells and the ratio; 0 for none."""
    width = terminal_width()
    if width is None:
        return _PIPED
    widest = [max(len(line[i].text) for line in lines) for i in range(len(COLUMNS) - 1)]
    left = width - sum(widest) - _SPACE * len(widest) - len(_number(FULL)) - 1
    return min(left, _WIDEST) if left >= _NARROWEST else 0


def _ratio(item: Measured, width: int) -> Cell:
    colour = "red" if item.missed else ""
    if item.under_by < 1:
        return Cell(f"{_number(1 / item.under_by):>7} over", colour)
    share = math.log10(item.under_by) / math.log10(FULL)
    return Cell(f"{_number(item.under_by):>7} {bar(share, width)}".rstrip(), colour)


def _number(ratio: float) -> str:
    return f"{ratio:,.0f} ×" if ratio >= 9.95 else f"{ratio:.1f} ×"
