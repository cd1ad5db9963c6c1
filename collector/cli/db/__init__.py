"""``collector db``: one file per subcommand, loaded when it is called."""

from __future__ import annotations

import sys

import click

from collector.commands import Commands


@click.group(cls=Commands, package=sys.modules[__name__])
def command() -> None:
    """Upgrade, downgrade, verify, back up, restore and measure the database; explain and measure others."""
