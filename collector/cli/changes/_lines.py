"""Changes as lines for people: what, by how much, since when and why; below it how it looked."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

import click

from collector.answers.change_rows import BARS
from collector.answers.looked_at import Standing
from collector.answers.subjects import ENOUGH_RUNS
from collector.answers.timed import Row
from collector.answers.told_changes import direction, in_ms, unit_of
from collector.charts import sparkline
from collector.moments import at_minute
from collector.tables import Cell, Column, table_lines
from collector.terminal import display_width, printable, terminal_width
from collector.units import counted, duration, span

# What each is stands in it: none has a title.
COLUMNS = (
    Column(""),
    Column("", cut=12),
    Column(""),
    Column(""),
    Column("", spare=3),
    Column(""),
    Column("", spare=2),
    Column("", spare=1),
    Column("", right=True),
)
_INDENT = "        "
_COLOURS = {"slower": "red", "faster": "green"}
_WORDS = {"slower": "SLOWER", "faster": "FASTER"}
_OF_COST = {"slower": "DEARER", "faster": "CHEAPER"}
# From this ratio on people think in times, not in percent.
_TIMES = 2.0
_MOST_NAMED = 3
_PICTURE_WIDTH = 2 * BARS + 1
_SHORT_HASH = 7


def print_changes(rows: Sequence[Row], now_ms: int) -> None:
    """Two lines or more for each."""
    width = terminal_width()
    _, *heads = table_lines(COLUMNS, [_head(row, now_ms) for row in rows], width)  # no titles
    for row, head in zip(rows, heads, strict=True):
        click.echo(head)
        for line in _below(row, now_ms, width):
            click.echo(line)


def _head(row: Row, now_ms: int) -> list[Cell]:
    way = direction(row)
    word = _WORDS[way] if unit_of(row) else _OF_COST[way]
    change, interval = by_how_much(row)
    return [
        Cell(word, _COLOURS[way]),
        Cell(printable(row["subject"])),
        Cell(figures(row)),
        Cell(change),
        Cell(interval),
        Cell(f"since {at_minute(row['timestamp'], now_ms)}"),
        Cell(counted(row["runs_after"], "run")),
        Cell(row["cause"]),
        Cell(f"#{row['id']}" if row.get("id") else ""),
    ]


def figures(row: Row) -> str:
    """Before and after, in the unit of the figure."""
    before, after = (in_ms(row, column) for column in ("before", "after"))
    if before is not None and after is not None:
        return f"{duration(before)} → {duration(after)}"
    unit = " tokens/s" if unit_of(row) == "1/s" else ""
    return f"{row['before']:.3g} → {row['after']:.3g}{unit}"


def by_how_much(row: Row) -> tuple[str, str]:
    """The ratio and its interval: in percent, or as a factor where it is more than doubled."""
    if row["ratio"] > _TIMES:
        digits = 1 if row["ratio"] < 9.95 else 0
        low, high = row["ratio_low"], row["ratio_high"]
        return f"×{row['ratio']:.{digits}f}", f"({low:.{digits}f}…{high:.{digits}f})"
    told, low, high = (100 * (row[name] - 1) for name in ("ratio", "ratio_low", "ratio_high"))
    digits = 0 if abs(told) >= 9.95 else 1
    return f"{told:+.{digits}f} %", f"({low:.{digits}f}…{high:.{digits}f})"


def _below(row: Row, now_ms: int, width: int | None) -> Iterator[str]:
    front = f"{_INDENT}{_picture(row):<{_PICTURE_WIDTH}}   "
    text = printable(sentence(row, now_ms))
    if width is None:
        yield front + text
        return
    indent = " " * display_width(front)
    yield from textwrap.wrap(text, max(width, 60), initial_indent=front, subsequent_indent=indent) or [front]


def _picture(row: Row) -> str:
    before, after = row["trend"]["before"], row["trend"]["after"]
    bars = sparkline([*before, *after])
    return f"{bars[: len(before)]}│{bars[len(before) :]}"


def sentence(row: Row, now_ms: int) -> str:
    """Why, after what is to be known before one believes it."""
    return "; ".join([*_reserve(row, now_ms), row["sentence"]])


def _reserve(row: Row, now_ms: int) -> Iterator[str]:
    evidence = row["evidence"] or {}
    if row["state"] == "gone":
        yield "gone: newer runs do not bear it out"
    elif row["accepted_ms"] is not None:
        yield f"accepted {at_minute(row['accepted_ms'], now_ms)}: {row['note']}"
    elif row["state"] == "provisional":
        yield f"provisional, {_so_many(row, evidence)}"
    if evidence.get("only_noisy") and "busy machine" not in row["sentence"]:
        yield "seen only in runs on a busy machine"


def _so_many(row: Row, evidence: Row) -> str:
    if length_s := evidence.get("stretch_s"):
        return f"{evidence['stretches']} of {ENOUGH_RUNS} stretches of {span(length_s)}"
    return f"{row['runs_after']} of {ENOUGH_RUNS} runs"


def say(text: str) -> None:
    """A sentence, in as many lines as the terminal needs."""
    width = terminal_width()
    click.echo(printable(text) if width is None else textwrap.fill(printable(text), width))


def summary(standings: Sequence[Standing], left: int, holes: str) -> str:
    """The last line: how many subjects there are, and of which nothing can be said yet, and why."""
    few = [one for one in standings if one.verdict == "too few"]
    parts = [f"{counted(len(standings), 'subject')} looked at"]
    if few:
        few.sort(key=lambda one: -one.have)
        named = [f"{one.name}: {one.have} of {ENOUGH_RUNS}" for one in few]
        parts.append(f"{len(few)} too few runs ({_some(named)})")
    for verdict, words in (("drifts", "drifting"), ("daily", "by the time of day")):
        if names := [one.name for one in standings if one.verdict == verdict]:
            parts.append(f"{words}: {_some(names)}")
    if left:
        parts.append(f"{left} with news are left to the recorder, within a minute")
    return " · ".join([*parts, holes] if holes else parts)


def _some(names: Sequence[str]) -> str:
    return ", ".join([*names[:_MOST_NAMED], *(["…"] if len(names) > _MOST_NAMED else [])])
