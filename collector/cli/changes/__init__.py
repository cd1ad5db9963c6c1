"""``collector changes``: what got slower or faster, since when, by how much, and why."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click

from collector import clock
from collector.answers import change_rows, looked_at
from collector.answers.change_matching import SETTLED
from collector.answers.timed import Row
from collector.answers.told_changes import document
from collector.cli.changes import _evidence, _lines, _seen
from collector.commands import config_option, json_option
from collector.errors import CollectorError, UsageError
from collector.holes import holes, say
from collector.opened import opened, reading_settings
from collector.options import Since
from collector.orm import peewee
from collector.registry import nearest
from collector.store import found
from collector.tables import print_paragraph
from collector.terminal import print_json, printable

LARGEST_ID = 2**63 - 1
_NOBODY_LOOKED = (
    "nothing is recorded yet that could get slower: time something with `collector time -- make test`, "
    "or add workloads to the config"
)


class Number(click.IntRange):
    """What a change is known by; `#12` is as it is shown."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Read what was typed, or say where the numbers stand."""
        typed = str(value).removeprefix("#")
        if not (typed.isascii() and typed.isdigit()):
            told = "`collector changes` shows them at the end of each line"
            self.fail(f"{value!r} is no number: {told}", param, ctx)
        return int(super().convert(int(typed), param, ctx))


number_argument = click.argument("number", type=Number(1, LARGEST_ID), metavar="ID")


@click.group(invoke_without_command=True)
@click.option(
    "--since", type=Since(), default="14d", show_default=True, metavar="WHEN",
    help="Only what changed after: 7d, 12h, 2026-03-01, '2026-03-01 14:05'.",
)  # fmt: skip
@click.option("--all", "with_all", is_flag=True, help="Also what was accepted, and what proved wrong since.")
@click.option(
    "--subject",
    metavar="NAME",
    help="Only of this workload, statement, model, skill or benchmark; a model alone is all of its tasks.",
)
@config_option
@json_option
@click.pass_context
def command(
    context: click.Context,
    since: int,
    with_all: bool,
    subject: str | None,
    config: Path | None,
    as_json: bool,
) -> None:
    """What got slower or faster, since when, by how much, and why.

    A change is provisional from 4 runs after it and confirmed from 8. Runs that failed count for nothing,
    and those on a busy machine only where there are hardly any others.
    """
    if context.invoked_subcommand is not None:
        return
    now_ms = clock.now().wall_ms
    with opened(config) as (settings, database):
        seen = _seen.seen(settings, database, since)
        if subject is not None:
            _refuse_unknown(subject, database, seen)
            seen = seen.only(subject)
        gaps = holes(database, since, now_ms)
    left = _lines.left_to_the_recorder(seen.left, settings.changes.every)
    rows = [row for row in seen.rows if with_all or row["state"] not in SETTLED]
    if as_json:
        print_json([document(row) for row in rows])
        say(gaps, to_program=True)
        return
    if rows:
        _lines.print_changes(rows, now_ms)
    elif seen.standings:
        click.echo(printable(_nothing(subject, len(seen.rows))))
    print_paragraph(_lines.summary(seen.standings, left, gaps) if seen.standings or rows else _NOBODY_LOOKED)


def _nothing(subject: str | None, hidden: int) -> str:
    if hidden:
        return f"no change in that time but {hidden} that --all shows: accepted, or not borne out since"
    whose = f" of {subject}" if subject else ""
    return f"no lasting change{whose} in that time: look further back with --since 90d"


def _refuse_unknown(name: str, database: peewee.SqliteDatabase, seen: _seen.Seen) -> None:
    every = _seen.Seen(change_rows.since(database, 0), looked_at.standings(database, 0))
    if any((some.rows or some.standings) for some in (seen.only(name), every.only(name))):
        return
    known = {one.name for one in (*every.standings, *seen.standings)} | {row["subject"] for row in every.rows}
    hint = f"there are {_some(known)}" if known else _NOBODY_LOOKED
    raise UsageError(f"nothing is named {name!r}{nearest(name, known)}", hint=hint)


def _some(names: Iterable[str]) -> str:
    ordered = sorted(names)
    return ", ".join(ordered[:20]) + (", …" if len(ordered) > 20 else "")


@command.command()
@number_argument
@click.option("--note", metavar="TEXT", required=True, help="Why it is as it should be.")
@config_option
def accept(number: int, note: str, config: Path | None) -> None:
    """Take the change ID for the new normal: what comes is compared with the runs since then."""
    try:
        number, note = found.asked({"id": number, "note": note})
    except ValueError as error:
        raise UsageError(str(error), hint="say why the change is intended, for whoever asks later") from None
    settings = reading_settings(config)
    with opened(config) as (_, database):
        row = _one(database, number)
    if fault := _seen.accept(settings, number, note):
        raise CollectorError(fault, hint="`collector changes --all` shows what became of each")
    click.echo(printable(f"accepted {row['subject']}: {_lines.figures(row)} is the new normal"))


@command.command()
@number_argument
@config_option
@json_option
def show(number: int, config: Path | None, as_json: bool) -> None:
    """Show the change ID with every figure behind its verdict."""
    with opened(config) as (_, database):
        row = _one(database, number)
    if as_json:
        print_json(document(row))
        return
    now_ms = clock.now().wall_ms
    _lines.print_changes([row], now_ms)
    _evidence.print_evidence(row, now_ms)


def _one(database: peewee.SqliteDatabase, number: int) -> Row:
    if row := change_rows.one(database, number):
        return row
    raise UsageError(f"there is no change {number}", hint="`collector changes --all` tells their numbers")
