"""``collector db``: upgrade, downgrade, verify and measure the database file."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from collector.answers import soundness, storage
from collector.answers.soundness import Finding
from collector.charts import bar
from collector.commands import config_option, json_option
from collector.opened import any_reader, reading_settings
from collector.store import schema
from collector.store.database import open_writer
from collector.store.downgrade import NOTHING, downgrade
from collector.store.lock import InstanceLock, holder
from collector.tables import Cell, Column, print_facts, print_table
from collector.terminal import paint, print_json, printable, with_progress
from collector.units import percent, size

if TYPE_CHECKING:
    from collector.orm import peewee
    from collector.settings import Settings

_MARKS = {"ok": ("✓", "green"), "warning": ("!", "yellow"), "wrong": ("✗", "red")}

SIZES = (
    Column("table or index", cut=16),
    Column("rows", right=True),
    Column("size", right=True),
    Column("share", right=True, spare=1),
    Column("bytes a row", right=True, spare=2),
    Column("", spare=3),
)


@click.group()
def command() -> None:
    """Upgrade, downgrade, verify and measure the database."""


@command.command()
@config_option
def upgrade(config: Path | None) -> None:
    """Bring the tables up to this version. The recorder does that itself when it starts."""
    settings = reading_settings(config)
    running = holder(settings.database)
    if running is not None and running.socket:
        click.echo(f"the recorder (process {running.pid}) brought the database up to date when it started")
        return
    with _alone("collector db upgrade", settings) as database:
        applied = schema.prepare(database, settings.database)
    for name in applied:
        click.echo(f"applied {name}")
    click.echo(f"{settings.database} is up to date: the newest migration is {schema.known()[-1]}")


@command.command("downgrade")
@click.option(
    "--to", metavar="NAME", help=f"The last migration that stays, or '{NOTHING}'. Default: the one before."
)
@config_option
def downgrade_command(to: str | None, config: Path | None) -> None:
    """Take migrations back, newest first, so that an older version can use the file."""
    settings = reading_settings(config)
    with _alone("collector db downgrade", settings) as database:
        reverted = downgrade(database, settings.database, to)
    for name in reverted:
        click.echo(f"reverted {name}")
    if reverted:
        click.echo("now install the older version: this one upgrades the file again when it starts")
    else:
        click.echo("nothing to revert")


@command.command()
@config_option
@json_option
def verify(config: Path | None, as_json: bool) -> int:
    """Check the file: pages, references, tables, pragmas. Exits with 1 when something is wrong."""
    settings = reading_settings(config)
    with any_reader(settings) as database:
        checks = soundness.checks(database, settings.database)
        findings = [soundness.look(check) for check in with_progress(checks, "verifying")]
    if as_json:
        print_json([
            {"check": item.check, "state": item.state, "found": item.found, "advice": item.advice}
            for item in findings
        ])  # fmt: skip
    else:
        _print_findings(findings)
    return int(any(item.state == "wrong" for item in findings))


@command.command()
@config_option
@json_option
def stats(config: Path | None, as_json: bool) -> None:
    """Show what the file is made of: rows and bytes of every table and index."""
    settings = reading_settings(config)
    with any_reader(settings) as database:
        file = storage.file(database, settings.database)
        found = storage.objects(database)
        sizes = storage.sizes_by_name(database, settings.database)
        measured = [
            storage.measured(database, item, found, sizes) for item in with_progress(found, "counting")
        ]
        migrations = storage.migrations(database)
    if as_json:
        print_json(file | {"objects": measured, "migrations": migrations})
        return
    print_facts(_file_facts(file, migrations))
    click.echo()
    # Pages that stand in the write-ahead log only are counted, and are not in the file's size.
    whole = max(file["pages"] * file["page_bytes"], sum(row["bytes"] or 0 for row in measured))
    print_table(SIZES, [_size_line(row, whole) for row in _largest_first(measured)])


@contextmanager
def _alone(what: str, settings: Settings) -> Iterator[peewee.SqliteDatabase]:
    """The connection that writes, while no recorder and no other command can; the file must be there."""
    with any_reader(settings):
        pass
    lock = InstanceLock(settings.database)
    lock.acquire(what)
    try:
        database = open_writer(settings.database, settings.collector.durability)
        try:
            yield database
        finally:
            database.close()
    finally:
        lock.release()


def _print_findings(findings: list[Finding]) -> None:
    """Every finding, the pages that are in order as one; the verdict last."""
    pages = [item for item in findings if item.check.startswith("pages of ") and item.state == "ok"]
    shown = [item for item in findings if item not in pages]
    if pages:
        shown.append(Finding("pages", "ok", _in_order(len(pages))))
    width = max(len(item.check) for item in shown)
    for item in shown:
        mark, colour = _MARKS[item.state]
        first, *more = [*item.found.splitlines(), *([f"→ {item.advice}"] if item.advice else [])]
        click.echo(f"{paint(mark, colour)} {item.check:<{width}}  {printable(first)}")
        for line in more:
            click.echo(f"  {'':<{width}}  {printable(line)}")
    wrong = sum(item.state == "wrong" for item in findings)
    click.echo(
        "the database is sound"
        if not wrong
        else f"the database is not sound: {wrong} of {len(findings)} checks failed"
    )


def _in_order(tables: int) -> str:
    if tables == 1:
        return "1 table and its indexes are in order"
    return f"{tables} tables and their indexes are in order"


def _file_facts(file: dict[str, Any], migrations: list[dict[str, Any]]) -> list[tuple[str, list[str], str]]:
    free = f"{file['free_pages']:,} free ({size(file['free_bytes'])})"
    return [
        ("database", [file["path"]], ""),
        ("size", [size(file["bytes"]), f"WAL {size(file['wal_bytes'])}"], " · "),
        ("pages", [f"{file['pages']:,} of {size(file['page_bytes'])}", free], " · "),
        ("migrations", [f"{row['name']} ({str(row['applied'])[:16]})" for row in migrations], ", "),
    ]


def _largest_first(measured: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Tables by what they take with their indexes, each followed by these."""
    whole: dict[str, int] = defaultdict(int)
    for row in measured:
        whole[row["table"]] += row["bytes"] or 0
    return sorted(measured, key=lambda row: (-whole[row["table"]], row["table"], row["type"] == "index"))


def _size_line(row: dict[str, Any], whole: int) -> list[str | Cell]:
    share = None if row["bytes"] is None or not whole else row["bytes"] / whole
    return [
        row["name"] if row["type"] == "table" else f"  {row['name']}",
        "" if row["rows"] is None else f"{row['rows']:,}",
        size(row["bytes"]),
        percent(None if share is None else 100 * share),
        "" if row["bytes_per_row"] is None else f"{row['bytes_per_row']:,.0f}",
        "" if share is None else bar(share),
    ]
