"""The machine's figures as a table: each in its own unit, subject by subject."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

import click

from collector import clock
from collector.answers.machine import column_of
from collector.figures import figure
from collector.tables import Column, print_table
from collector.terminal import printable

Row = dict[str, Any]

FIGURES = ("avg", "min", "p50", "p95", "p99", "max")
_SPARE = {"p99": 3, "min": 2, "avg": 1}
# What the name of a column says that its figure says too.
_UNITS = ("_percent", "_bytes_per_s", "_per_s", "_bytes", "_mhz", "_celsius", "_ms")


def print_machine(found: Sequence[Row]) -> None:
    """One line a figure and device; the subject stands in the first of its lines."""
    columns = [
        Column("of"),
        Column("figure", cut=12),
        *(Column(name, right=True, spare=_SPARE.get(name, 0)) for name in FIGURES),
    ]
    left_out = print_table(columns, [*_lines(found)])
    if left_out:
        click.echo(f"no room for {', '.join(left_out)}: a wider terminal or --json has them")


def _lines(found: Sequence[Row]) -> Iterator[list[str]]:
    now_ms, before = clock.now().wall_ms, ""
    for row in found:
        whose = " ".join([row["subject"], *map(str, json.loads(row["key"]))])
        column = column_of(row)
        values = (figure(column, row[name], now_ms) for name in FIGURES)
        yield [printable(whose) if whose != before else "", _title(row["figure"]), *values]
        before = whose


def _title(name: str) -> str:
    """``busy_percent`` is busy; rates of bytes keep that they are rates."""
    for unit in _UNITS:
        if name.endswith(unit):
            return name.removesuffix(unit).replace("_", " ")
    return name.replace("_", " ")
