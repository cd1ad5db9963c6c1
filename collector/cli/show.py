"""``collector show``: rows of any kind of record."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from collector import clock
from collector.answers import rows
from collector.answers.indexed import is_one
from collector.by_kind import ByKind
from collector.commands import config_option, json_option
from collector.errors import UsageError
from collector.holes import holes, say
from collector.layout import as_table, whole
from collector.opened import opened
from collector.options import limit_option, since_option, until_option
from collector.records.base import Kind
from collector.row_lines import csv_lines
from collector.tables import print_table
from collector.terminal import print_json, printable, terminal_width

if TYPE_CHECKING:
    from collector.orm import peewee

# Counting further would take longer than the answer.
COUNTED = 100_000
# What has to happen before there is one.
_UNTIL = {
    "alert": "the recorder tells when something becomes slow, fails, or takes more than its budget",
    "change": "`collector changes` looks for what got slower or faster",
}


@click.command(cls=ByKind)
@since_option
@until_option
@limit_option(20)
@config_option
@json_option
@click.option("--csv", "as_csv", is_flag=True, help="Print all columns as CSV.")
def command(
    kind: Kind,
    where: dict[str, Any],
    since: int,
    until: int | None,
    limit: int,
    config: Path | None,
    as_json: bool,
    as_csv: bool,
) -> None:
    """Show rows of KIND, newest first, filtered by time and by every column that has an index."""
    if as_json and as_csv:
        raise UsageError("--json and --csv exclude each other")
    asked: dict[str, Any] = {"where": where, "since_ms": since, "until_ms": until}
    single = is_one(kind, where)
    with opened(config) as (_, database):
        found = rows.rows(database, kind, **asked, limit=limit)
        told = _how_many(database, kind, asked, len(found), limit)
        moments = [row[kind.moment] for row in found] if kind.moment else []
        missing = (
            holes(database, since, until, filter(None, moments))
            if found and not single and kind.name != "gap"
            else ""
        )
    if single and not found:
        raise UsageError(_no_such(kind, where), hint=f"`collector show {kind.name}` tells the newest")
    if as_json:
        print_json(found)
    elif as_csv:
        _print_csv(kind, found)
    elif not found:
        click.echo(_nothing(kind, filtered=bool(where or since or until)))
    elif single:
        for line in whole(kind, found[0], clock.now().wall_ms):
            click.echo(printable(line))
    else:
        print_table(*as_table(kind, found, clock.now().wall_ms))
        click.echo(told, nl=bool(told))
    say(missing, to_program=as_json or as_csv)


def _print_csv(kind: Kind, found: list[dict[str, Any]]) -> None:
    """Data as it is; on a terminal without what could steer it."""
    is_terminal = terminal_width() is not None
    for line in csv_lines(kind, found):
        # Data is passed on as it is: click would take out of a pipe what looks like colour.
        click.echo(printable(line.rstrip("\r\n")) + "\n" if is_terminal else line, nl=False, color=True)


def _how_many(
    database: peewee.SqliteDatabase, kind: Kind, asked: dict[str, Any], shown: int, limit: int
) -> str:
    """How many rows the limit left out, where a person reads it."""
    if shown < limit or terminal_width() is None:
        return ""
    there = rows.count(database, kind, **asked, most=COUNTED + 1)
    if there <= shown:
        return ""
    of = f"more than {COUNTED:,}" if there > COUNTED else f"{there:,}"
    return f"{shown:,} of {of} rows: --limit N shows more, --json all columns"


def _no_such(kind: Kind, where: dict[str, Any]) -> str:
    like = ", ".join(f"{name} {value}" for name, value in where.items())
    return f"there is no {kind.name} with {like}"


def _nothing(kind: Kind, *, filtered: bool) -> str:
    if filtered:
        return f"no {kind.name} is like that: look further back, or leave out a filter"
    nothing = f"no {kind.name} is recorded yet"
    if kind.pushed:
        return f"{nothing}: applications send them, see `collector record --help`"
    if kind.name in _UNTIL:
        return f"{nothing}: {_UNTIL[kind.name]}"
    if kind.family == "answers":
        return f"{nothing}: the recorder makes them of what applications report, every 15 minutes by default"
    return f"{nothing}: `collector status` tells whether the recorder runs"
