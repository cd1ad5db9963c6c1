"""How the answer of ``collector compare`` looks to people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import click

from collector.answers import gaps
from collector.answers.compare import Compared, Read
from collector.tables import Cell, Column, print_table
from collector.terminal import printable
from collector.units import counted, duration

Row = dict[str, Any]

COLUMNS = (
    Column("verdict"),
    Column("subject", cut=14),
    Column("kind", spare=3),
    Column("before", right=True),
    Column("after", right=True),
    Column("p95 before", right=True, spare=2),
    Column("p95 after", right=True, spare=1),
    Column("change (95 %)", right=True),
    Column("runs", right=True),
)
_COLOURS = {"slower": "red", "faster": "green", "too few": "yellow"}
_NAMED = 6


def tell(found: Compared, before: Read, after: Read) -> None:
    """Print a table of what both sides have, and below it what was left out."""
    click.echo(printable(f"before: {before.side.said} · after: {after.side.said}"))
    if found.rows:
        print_table(COLUMNS, [_line(row) for row in found.rows])
    for line in (_summed_up(found), *_notes(found), *_overlap(before, after)):
        click.echo(printable(line))


def _line(row: Row) -> list[str | Cell]:
    return [
        Cell(row["verdict"], _COLOURS.get(row["verdict"], "")),
        row["subject"],
        row["kind"],
        duration(row["before_ms"]),
        duration(row["after_ms"]),
        duration(row["before_p95_ms"]),
        duration(row["after_p95_ms"]),
        _change(row),
        " / ".join(f"{n:,}" for n in row["runs"]),
    ]


def _change(row: Row) -> str:
    """``+25 % (21…29)``; from twice as long on ``×3.2 (2.9…3.4)``."""
    if row["ratio"] is None:
        return "–"
    ratio, (low, high) = row["ratio"], row["interval"]
    if ratio >= 2:
        return f"×{ratio:.1f} ({low:.1f}…{high:.1f})"
    one, two = (100 * (end - 1) for end in (low, high))
    return f"{100 * (ratio - 1):+.0f} % ({one:+.0f}…{two:+.0f})"


def _summed_up(found: Compared) -> str:
    if not found.rows:
        return "nothing to compare: no subject has runs on both sides"
    counts = Counter(row["verdict"] for row in found.rows)
    told = [
        f"{counts[verdict]} {'with too few runs' if verdict == 'too few' else verdict}"
        for verdict in ("slower", "faster", "same", "too few")
        if counts[verdict]
    ]
    return f"{counted(len(found.rows), 'subject')} compared: {', '.join(told)}"


def _notes(found: Compared) -> Iterator[str]:
    for index, word in enumerate(("before", "after")):
        counts: Counter[str] = Counter()
        for row in found.rows:
            counts.update(row["left_out"][index])
        if counts:
            told = ", ".join(f"{count:,} {why}" for why, count in sorted(counts.items()))
            yield f"left out {word}: {told}"
        thinned = max((row["one_in"][index] for row in found.rows), default=1)
        if thinned > 1:
            yield f"{word}: of what ran very often one in {thinned} was looked at"
    for word, names in (("before", found.only_before), ("after", found.only_after)):
        if names:
            more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
            yield f"only {word}: {', '.join(names[:_NAMED])}{more}"


def _overlap(before: Read, after: Read) -> Iterator[str]:
    one, two = before.side, after.side
    alike = (one.file, one.name, one.commit) == (two.file, two.name, two.commit)
    if alike and max(one.since_ms, two.since_ms) < min(one.until_ms, two.until_ms):
        yield "the windows overlap: what lies in both counts on either side"


def holes_told(read: Sequence[Read], now_ms: int) -> Iterator[str]:
    """The gaps in the windows of both sides."""
    for word, each in zip(("before", "after"), read, strict=True):
        if each.gaps:
            yield f"{word}: {gaps.in_words(each.gaps, now_ms)}"
