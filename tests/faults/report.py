"""What the rounds of all rows came to, as one table."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from typing import Any

import click

from collector.tables import Cell, Column, print_table
from collector.terminal import printable, terminal_width
from tests.faults.row import RECOVERY_BAR_S, Figure
from tests.faults.tally import COUNTED, Tally

PIPED_WIDTH = 100
MOST_COMPLAINTS = 5
COLOURS = {"FAILED": "red", "skipped": "yellow", "stopped": "yellow", "held": "green"}


def document(tallies: Sequence[Tally], seed: int) -> dict[str, Any]:
    """The whole run for scripts."""
    return {
        "seed": seed,
        "recovery_bar_s": RECOVERY_BAR_S,
        "failed": any(tally.failed for tally in tallies),
        "rows": [tally.as_json() for tally in tallies],
    }


def print_report(tallies: Sequence[Tally], seed: int) -> None:
    """Print the table, then the figures, what was skipped and what went wrong, then how to repeat it."""
    counted = [name for name in COUNTED if any(getattr(tally.verdict, name) for tally in tallies)]
    columns = [
        Column("row"), Column("rounds", right=True), Column("acknowledged", right=True, spare=1),
        *(Column(name, right=True) for name in counted),
        Column("recovery", right=True), Column("verdict", cut=20),
    ]  # fmt: skip
    print_table(columns, [cells(tally, counted) for tally in tallies])
    if zero := [name for name in COUNTED if name not in counted]:
        click.echo(f"{', '.join(zero)}: 0 everywhere")
    for paragraph in paragraphs(tallies):
        click.echo(wrapped(paragraph))
    click.echo(wrapped(f"{summary(tallies)} · --seed {seed} repeats them"))


def cells(tally: Tally, counted: Sequence[str]) -> list[str | Cell]:
    """A row of the table; the first of what was over its bar stands there with its figure."""
    counts = [getattr(tally.verdict, name) for name in counted]
    first = next(iter(tally.over), "")
    return [
        tally.fault.name,
        tally.shown_rounds,
        f"{tally.verdict.acknowledged:,}",
        *(Cell(f"{count:,}", "red" if count else "") for count in counts),
        "–" if tally.slowest_s is None else f"{tally.slowest_s:.2f} s",
        Cell(f"{tally.state}: {first}" if first else tally.state, COLOURS[tally.state]),
    ]


def paragraphs(tallies: Sequence[Tally]) -> Iterator[str]:
    """The largest figures of each row with their bars, and then what there is to say."""
    for tally in tallies:
        if tally.figures:
            yield f"{tally.fault.name}: {' · '.join(figures(tally))}"
    for tally in tallies:
        for sentence in said(tally):
            yield f"{tally.fault.name} {sentence}"


def figures(tally: Tally) -> Iterator[str]:
    """Each with its name, and its bar where it has one."""
    for name, figure in tally.figures.items():
        bar = tally.fault.bars.get(name)
        yield f"{name} {shown(figure)}" + ("" if bar is None else f" (bar {bar:g})")


def said(tally: Tally) -> Iterator[str]:
    """Why it was skipped or failed, and what was not measured."""
    if tally.skipped:
        yield f"skipped: {tally.skipped}"
    if tally.tested_nothing and not tally.complaints:
        yield "failed: no record was acknowledged, so nothing was tested"
    if tally.unmeasured:
        yield f"was too short to measure: {', '.join(tally.unmeasured)}"
    yield from (f"failed: {sentence}" for sentence in [*tally.over][:MOST_COMPLAINTS])
    yield from (f"failed: {sentence}" for sentence in tally.complaints[:MOST_COMPLAINTS])
    if (more := len(tally.complaints) - MOST_COMPLAINTS) > 0:
        yield f"failed {more:,} times more"


def summary(tallies: Sequence[Tally]) -> str:
    """All of it in a sentence."""
    states = [tally.state for tally in tallies]
    named = [
        *(f"{states.count(state)} {state}" for state in ("FAILED", "stopped", "skipped") if state in states),
        *(
            [f"{cut} cut short by their time"]
            if (cut := sum(tally.end == "cut" for tally in tallies))
            else []
        ),
    ]
    rows = "1 row" if len(tallies) == 1 else f"{len(tallies)} rows"
    rounds = sum(tally.rounds for tally in tallies)
    held = "" if named and states.count("held") < len(states) else " held"
    text = f"{rows}{held} in {rounds:,} {'round' if rounds == 1 else 'rounds'}"
    return text + (f": {', '.join(named)}" if named else "")


def shown(figure: Figure) -> str:
    """With three or four digits that count."""
    if isinstance(figure, float):
        return f"{figure:,.4g}"
    return f"{figure:,}" if isinstance(figure, int) else figure


def wrapped(text: str) -> str:
    """In as many lines as it takes, all but the first indented; a hundred columns where it is piped."""
    width = terminal_width() or PIPED_WIDTH
    return textwrap.fill(printable(text), width, subsequent_indent="  ", break_long_words=False)
