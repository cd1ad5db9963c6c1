"""``collector runs``: the ledger of runs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from collector import clock
from collector.answers import runs
from collector.commands import config_option, json_option
from collector.errors import UsageError
from collector.figures import figure
from collector.holes import holes, say
from collector.moments import at_second
from collector.opened import opened
from collector.options import limit_option, since_option
from collector.records.run import OUTCOMES, Run
from collector.registry import nearest
from collector.tables import Cell, Column, print_table
from collector.terminal import print_json, printable, terminal_width
from collector.units import duration, percent, size

if TYPE_CHECKING:
    from collector.orm import peewee

Row = dict[str, Any]

COLUMNS = (
    Column("run", right=True, spare=1),
    Column("when", right=True),
    Column("workload", cut=16),
    Column("outcome"),
    Column("took", right=True),
    Column("cpu time", right=True, spare=4),
    Column("max rss", right=True, spare=5),
    Column("others", right=True, spare=3),
    Column("commit", spare=6),
    Column("detail", cut=12, least=40),
)
_LONG = ("plan", "output")
_FIELDS = {field.column_name: field for field in Run._meta.sorted_fields}
_COLOURS = {"ok": "green", "missed": "yellow", "overlapped": "yellow"}


@click.command()
@click.argument("name", required=False)
@since_option
@limit_option(20)
@click.option("--outcome", type=click.Choice(OUTCOMES), help="Only runs that ended so.")
@click.option("--id", "number", type=click.IntRange(1), metavar="N", help="One run, whole.")
@click.option("--output", is_flag=True, help="Print what the newest of them printed, as far as it was kept.")
@config_option
@json_option
def command(
    name: str | None,
    since: int,
    limit: int,
    outcome: str | None,
    number: int | None,
    output: bool,
    config: Path | None,
    as_json: bool,
) -> None:
    """Show the runs of NAME or of all, newest first: how long each took and how it ended."""
    with opened(config) as (_, database):
        if number is not None:
            found, whole = [_one(database, number)], 1
        else:
            wanted = 1 if output else limit
            found = runs.ledger(database, name=name, since_ms=since, outcome=outcome, limit=wanted)
            cut = len(found) == limit and terminal_width() is not None
            whole = runs.count(database, name=name, since_ms=since, outcome=outcome) if cut else len(found)
        if not found:
            _refuse_unknown(name, database)
        missing = (
            "" if number or output else holes(database, since, None, (run["timestamp"] for run in found))
        )
    if as_json:
        print_json(found)
    elif not found:
        click.echo(_nothing(name, filtered=bool(since or outcome)))
    elif output:
        _print_output(found[0])
    elif number is not None:
        _print_whole(found[0])
    else:
        print_table(COLUMNS, [_line(run, clock.now().wall_ms) for run in found])
        if whole > len(found):
            click.echo(f"{len(found):,} of {whole:,} runs: --limit N shows more")
    say(missing, to_program=as_json)


def _one(database: peewee.SqliteDatabase, number: int) -> Row:
    if row := runs.one(database, number):
        return row
    raise UsageError(f"there is no run {number}", hint="`collector runs` tells their numbers")


def _refuse_unknown(name: str | None, database: peewee.SqliteDatabase) -> None:
    if name is not None and name not in (known := runs.names(database)):
        hint = f"there are {', '.join(known)}" if known else "none is registered and none ever ran"
        raise UsageError(f"no workload is named {name!r}{nearest(name, known)}", hint=hint)


def _nothing(name: str | None, *, filtered: bool) -> str:
    what = f"no run of {name}" if name else "no run"
    if filtered:
        return f"{what} is like that: look further back with --since 30d, or leave out --outcome"
    if name:
        return f"{what} yet: `collector workloads` tells when it is due"
    return f"{what} yet: add workloads to the config and look at it with `collector check`"


def _line(run: Row, now_ms: int) -> list[str | Cell]:
    used = [run[key] for key in ("user_ms", "system_ms") if run[key] is not None]
    commit = (run["git_commit"] or "")[:7] + ("+" if run["git_dirty"] else "")
    return [
        str(run["id"]),
        at_second(run["timestamp"], now_ms),
        run["workload"],
        Cell(run["outcome"], _COLOURS.get(run["outcome"], "red")),
        duration(run["wall_ms"]),
        duration(sum(used)) if used else "–",
        size(run["max_rss_bytes"]),
        percent(run["others_percent"]),
        commit or "–",
        _detail(run),
    ]


def _detail(run: Row) -> str:
    """What stands out about a run, the reason first where it did not go well."""
    told: tuple[tuple[str, Callable[[Any], str]], ...] = (
        ("detail", str),
        # The reason tells these already where there is one.
        ("exit_code", lambda code: f"exit {code}" if code and not run["detail"] else ""),
        ("signal", lambda number: "" if run["detail"] else f"signal {number}"),
        ("http_status", lambda status: f"status {status}"),
        ("rows", lambda rows: "1 row" if rows == 1 else f"{rows:,} rows"),
        ("noisy", lambda noisy: "noisy" if noisy else ""),
        ("plan", lambda plan: "plan kept" if plan else ""),
    )
    parts = [say(run[key]) for key, say in told if run[key] is not None]
    wall, budget = run["wall_ms"], run["budget_ms"]
    if wall is not None and budget is not None and wall > budget:
        parts.append(f"over its budget of {duration(budget)}")
    return " · ".join(part for part in parts if part)


def _print_lines(text: str) -> None:
    for line in text.expandtabs().splitlines():
        click.echo(printable(line))


def _print_whole(run: Row) -> None:
    """Every column that holds something, by its name; texts of many lines stand below the others."""
    given = {key: value for key, value in run.items() if value is not None}
    long = {key: str(given.pop(key)) for key in _LONG if key in given}
    width, now_ms = max(map(len, given)), clock.now().wall_ms
    for key, value in given.items():
        click.echo(f"{key:<{width}}  {printable(figure(_FIELDS[key], value, now_ms))}")
    for key, text in long.items():
        if text:
            click.echo(f"{key}:")
            _print_lines(text)


def _print_output(run: Row) -> None:
    kept, whole, plan = run["output"], run["output_bytes"], run["plan"]
    if plan:
        click.echo("its query plan:")
        _print_lines(plan)
    elif not kept:
        click.echo(printable(f"run {run['id']} of {run['workload']} printed nothing"))
    if not kept:
        return
    _print_lines(kept)
    if whole is not None and whole > len(kept.encode(errors="replace")):
        click.echo(f"  ({size(whole)} in all; this is what was kept of it)", err=True)
