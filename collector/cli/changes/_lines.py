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
from collector.moments import at_minute, between
from collector.tables import Cell, Column, table_lines
from collector.terminal import cut, display_width, printable, terminal_width
from collector.units import counted, duration, long_span, span

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
# So many noisy runs where it lies say that nobody knows its first run.
MANY_NOISY = 4
_MOST_NAMED = 3
_LONGEST_NAME = 40
_PICTURE_WIDTH = 2 * BARS + 1


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
        Cell(since(row, now_ms)),
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


def since(row: Row, now_ms: int) -> str:
    """Its first run; or between which runs it lies, where many in between were left out as noisy."""
    if (row["evidence"] or {}).get("noisy_between", 0) < MANY_NOISY:
        return f"since {at_minute(row['timestamp'], now_ms)}"
    return f"between {lies_between(row, now_ms)}"


def lies_between(row: Row, now_ms: int) -> str:
    """The last run before it and the first one after: ``Tue 17:04 and 17:07``."""
    return between(row["last_before_ms"], row["timestamp"], now_ms).replace("–", " and ")


def by_how_much(row: Row) -> tuple[str, str]:
    """The ratio and its interval: in percent, or as a factor where it is more than doubled.

    From nothing and to nothing there is none.
    """
    if row["ratio"] is None:
        return "–", ""
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
    is_only_noisy = bool(evidence.get("only_noisy"))
    if row["state"] == "gone":
        yield "gone: newer runs do not bear it out"
    elif row["state"] == "accepted":
        yield f"accepted {at_minute(row['accepted_ms'], now_ms)}: {row['note']}"
    elif row["doubted_ms"] is not None:
        yield "doubtful: the newest runs do not bear it out"
    elif row["state"] == "provisional":
        yield "provisional" if is_only_noisy else f"provisional, {_so_many(row, evidence)}"
    if is_only_noisy and "busy machine" not in row["sentence"]:
        yield "seen only in runs on a busy machine"


def _so_many(row: Row, evidence: Row) -> str:
    if length_s := evidence.get("stretch_s"):
        return f"{evidence['stretches']} of {ENOUGH_RUNS} stretches of {span(length_s)}"
    return f"{row['runs_after']} of {ENOUGH_RUNS} runs"


def left_to_the_recorder(count: int, every_s: float) -> str:
    """How many subjects nobody has looked at yet, and how soon the recorder does; empty for none."""
    return f"{count} with news are left to the recorder, within {long_span(every_s)}" if count else ""


def summary(standings: Sequence[Standing], *more: str) -> str:
    """The last line: how many subjects there are, and of which nothing can be said yet, and why."""
    few = [one for one in standings if one.verdict == "too few"]
    parts = [f"{counted(len(standings), 'subject')} looked at"]
    if few:
        few.sort(key=lambda one: -one.have)
        named = [f"{cut(one.name, _LONGEST_NAME)}: {_how_few(one)}" for one in few]
        parts.append(f"{len(few)} too few runs ({_some(named)})")
    for verdict, words in (("drifts", "drifting"), ("daily", "by the time of day")):
        if names := [cut(one.name, _LONGEST_NAME) for one in standings if one.verdict == verdict]:
            parts.append(f"{words}: {_some(names)}")
    return " · ".join([*parts, *filter(None, more)])


def _how_few(one: Standing) -> str:
    if not one.noisy:
        return f"{one.have} of {ENOUGH_RUNS}"
    return f"{one.have} of {ENOUGH_RUNS} quiet runs, {one.noisy} noisy left out"


def _some(names: Sequence[str]) -> str:
    """The first few; a statement is named by its text, which would leave no room for the others."""
    return ", ".join([*names[:_MOST_NAMED], *(["…"] if len(names) > _MOST_NAMED else [])])
