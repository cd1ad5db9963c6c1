"""``collector db upgrade``."""

from __future__ import annotations

from pathlib import Path

import click

from collector.cli.db._alone import alone
from collector.commands import config_option
from collector.opened import reading_settings
from collector.store import schema
from collector.store.lock import holder


@click.command()
@config_option
def command(config: Path | None) -> None:
    """Bring the tables up to this version. The recorder does that itself when it starts."""
    settings = reading_settings(config)
    running = holder(settings.database)
    if running is not None and running.socket:
        click.echo(f"the recorder (process {running.pid}) brought the database up to date when it started")
        return
    with alone("collector db upgrade", settings) as database:
        applied = schema.prepare(database, settings.database)
    for name in applied:
        click.echo(f"applied {name}")
    click.echo(f"{settings.database} is up to date: the newest migration is {schema.known()[-1]}")
