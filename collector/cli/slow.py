"""``collector slow``: the digest of queries, and the warnings as they come."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from collector import clock
from collector.answers import slow
from collector.answers.cached import Noted
from collector.answers.summary import EVER, EXACT_ROWS, Window
from collector.commands import config_option, json_option
from collector.errors import UsageError
from collector.holes import holes, say
from collector.moments import at_minute, at_second
from collector.opened import opened, reading_settings
from collector.options import Since, limit_option, until_option
from collector.orm import peewee
from collector.registry import nearest
from collector.settings import Settings
from collector.tables import Cell, Column, print_paragraph, print_table
from collector.terminal import cut, display_width, paint, print_json, printable, terminal_width
from collector.units import duration, percent

Row = dict[str, Any]

# What is worth a mark: within this a mean moves by itself.
WORSE = 1.3
TIMES = ("avg", "p95", "p99", "max")

HASH_CHARACTERS = 8  # as many as tell statements apart, and `db explain` takes
FOLLOW_SECONDS = 0.5
NAME_WIDTH = 18
MUCH_OVER = 10  # times the threshold


@click.command()
@click.option("--follow", is_flag=True, help="Show the recorder's warnings as they come, until Ctrl-C.")
@click.option(
    "--since", type=Since(), default="24h", show_default=True, metavar="WHEN",
    help="Only what began after: 7d, 12h, 2026-03-01, '2026-03-01 14:05'.",
)  # fmt: skip
@until_option
@click.option(
    "--sort", type=click.Choice(list(slow.SORTS)), default="total", show_default=True,
    help="What comes first; worse: against the window before.",
)  # fmt: skip
@limit_option(20)
@click.option("--source", metavar="NAME", help="Only of this tail, workload or name of an operation.")
@config_option
@json_option
def command(
    follow: bool,
    since: int,
    until: int | None,
    sort: str,
    limit: int,
    source: str | None,
    config: Path | None,
    as_json: bool,
) -> int:
    """Which queries took how long: each by its fingerprint, over all that was recorded.

    What is there is set beside the window before, of the same length. With --follow the warnings of the
    running recorder, at most one every 30 s a query, with how many it stands for.
    """
    if follow:
        _refuse_beside_follow("since", "until", "sort", "limit")
        return _follow(reading_settings(config), source, as_json=as_json)
    now_ms = clock.now().wall_ms
    window, before = windows(since, until, now_ms)
    noted = Noted()
    with opened(config) as (settings, database):
        answer = slow.digest(
            database, window, before, sort=sort, limit=limit + 1, source=source, noted=noted
        )  # one more, to see whether there are more
        found = answer.rows
        if source is not None and not found:
            _refuse_unknown(source, database, noted)
        missing = holes(database, since, until)
    if as_json:
        print_json(found[:limit])
    elif not found:
        click.echo(_nothing(source))
    else:
        _print(found[:limit])
        _print_notes(
            found[:limit], before, now_ms, exact=answer.exact, limit=limit if len(found) > limit else None
        )
    say(missing, to_program=as_json)
    if noted:
        from collector.keep import keep  # noqa: PLC0415  # of few rows there is nothing to keep

        keep(settings, noted)
    return 0


def windows(since_ms: int, until_ms: int | None, now_ms: int) -> tuple[Window, Window]:
    """The window that was asked for, and the one before it, of the same length."""
    end = now_ms if until_ms is None else until_ms
    if end <= since_ms:
        raise UsageError("--until lies before --since", hint="the window from the one to the other is empty")
    # Without --until a sender whose clock is ahead of ours is seen all the same.
    window = Window(since_ms, EVER if until_ms is None else until_ms)
    return window, Window(max(0, since_ms - (end - since_ms)), since_ms)


def _refuse_beside_follow(*names: str) -> None:
    context = click.get_current_context()
    for name in names:
        if context.get_parameter_source(name) is not ParameterSource.DEFAULT:
            raise UsageError(
                f"--{name} does not go with --follow",
                hint="--follow shows warnings from now on; without it there is the digest of a window",
            )


def _refuse_unknown(source: str, database: peewee.SqliteDatabase, noted: Noted) -> None:
    if source not in (known := slow.sources(database, noted)):
        if other := slow.other_type(database, source):
            raise UsageError(
                f"{source!r} times {other} operations, which have no statement",
                hint="`collector summary operations` sums them up",
            )
        hint = f"there are {', '.join(known[:20])}" if known else "none has sent a query with its text yet"
        raise UsageError(f"no source is named {source!r}{nearest(source, known)}", hint=hint)


def _nothing(source: str | None) -> str:
    if source:
        return f"no query of {source} in that time: look further back with --since 30d"
    return (
        "no query in that time: look further back with --since 30d, or let some come in: a log under "
        "[[tails]], a workload of kind sql, or an application (see `collector record --help`)"
    )


def _print(found: Sequence[Row]) -> None:
    columns = (
        Column("total", right=True),
        Column("share", right=True, spare=1),
        Column("calls", right=True),
        Column("avg", right=True),
        Column("p95", right=True),
        Column("p99", right=True, spare=5),
        Column("max", right=True, spare=4),
        Column("hash", spare=3),
        Column("query", cut=24),
        *([Column("")] if any(map(_change, found)) else []),
        *([Column("plan", cut=16, spare=2)] if any(row["remarks"] for row in found) else []),
    )
    titles = [column.title for column in columns]
    left_out = print_table(columns, [_line(row, titles) for row in found])
    if left_out:
        print_paragraph(f"no room for {', '.join(left_out)}: a wider terminal or --json has them")


def _line(row: Row, titles: Sequence[str]) -> list[str | Cell]:
    change = _change(row)
    return [
        duration(row["total_ms"]),
        percent(None if row["share"] is None else 100 * row["share"]),
        f"{row['calls']:,}",
        *(duration(row[f"{name}_ms"]) for name in TIMES),
        row["query_hash"][:HASH_CHARACTERS],
        row["text"] or "(its text was not told)",
        *([Cell(change, "red" if change.startswith("▲") else "")] if "" in titles else []),
        *([" · ".join(row["remarks"])] if "plan" in titles else []),
    ]


def _change(row: Row) -> str:
    """Against the window before; empty where nothing is worth a word."""
    ratio = row["ratio"]
    if row["is_new"]:
        return "new"
    if ratio is None or 1 / WORSE < ratio < WORSE:
        return ""
    return f"▲ ×{ratio:.1f}" if ratio > 1 else f"▼ ×{ratio:.2f}"


def _print_notes(
    found: Sequence[Row], before: Window, now_ms: int, *, exact: bool, limit: int | None
) -> None:
    if limit:
        click.echo(f"the first {limit}: --limit N shows more")
    if any(map(_change, found)):
        since, until = (at_minute(ms, now_ms) for ms in (before.since_ms, before.until_ms))
        print_paragraph(f"▲ ▼ new: against the window before, {since} to {until}")
    if not exact:
        print_paragraph(f"percentiles lie within 1 %: more than {EXACT_ROWS:,} queries are recorded")


def _follow(settings: Settings, source: str | None, *, as_json: bool) -> int:
    """Until Ctrl-C, which `main` turns into status 130, or until the recorder stays away."""
    from collector.slow.follower import Follower  # noqa: PLC0415  # the digest needs neither the log nor the socket

    follower = Follower(settings.database, source)
    while True:
        for one in follower.step(time.monotonic()):
            if isinstance(one, str):
                click.echo(one, err=True)
            elif as_json:
                click.echo(json.dumps(one))
            else:
                click.echo(warning_line(one, clock.now().wall_ms, terminal_width()))
        time.sleep(FOLLOW_SECONDS)


def warning_line(warning: Row, now_ms: int, width: int | None) -> str:
    """One warning: when, how long, how many times the threshold, whose, and the statement."""
    over = warning["duration_ms"] / warning["threshold_ms"] if warning["threshold_ms"] else math.inf
    times = f"({warning['count']:,} times) " if warning.get("count", 1) > 1 else ""
    kind = warning["event"].removesuffix(".slow")
    said = warning.get("query") or warning.get("endpoint") or ("" if kind == "query" else kind)
    what = f"{times}{printable(said)}"
    front = f"{at_second(warning['timestamp'], now_ms):>8}  {duration(warning['duration_ms']):>8}  "
    factor = f"{f'×{over:.1f}' if over < 100 else f'×{over:.0f}':>6}"
    room = max(18, width - len(front) - len(factor) - 2) if width else None
    behind = _named(printable(warning["name"]), what, room)
    return f"{front}{paint(factor, 'red' if over >= MUCH_OVER else 'yellow')}  {behind}".rstrip()


def _named(name: str, what: str, room: int | None) -> str:
    """Both in ``room`` columns: the name gives way down to a third of them, where the text needs more."""
    if room is not None:
        name = cut(name, max(NAME_WIDTH, room // 3, room - display_width(what) - 2))
    line = f"{name}{' ' * max(0, NAME_WIDTH - display_width(name))}  {what}"
    return line if room is None else cut(line, room)
