"""``collector db downgrade``."""

from __future__ import annotations

from pathlib import Path

import click

from collector.cli.db._alone import alone
from collector.commands import config_option
from collector.opened import reading_settings
from collector.store.downgrade import NOTHING, downgrade


@click.command()
@click.option(
    "--to", metavar="NAME", help=f"The last migration that stays, or '{NOTHING}'. Default: the one before."
)
@config_option
def command(to: str | None, config: Path | None) -> None:
    """Take migrations back, newest first, so that an older version can use the file."""
    settings = reading_settings(config)
    with alone("collector db downgrade", settings) as database:
        reverted = downgrade(database, settings.database, to)
    for name in reverted:
        click.echo(f"reverted {name}")
    if reverted:
        click.echo("now install the older version: this one upgrades the file again when it starts")
    else:
        click.echo("nothing to revert")
