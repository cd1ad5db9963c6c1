"""``collector run``: the daemon, in the foreground."""

from __future__ import annotations

from pathlib import Path

import click

from collector.commands import config_option


@click.command()
@config_option
def command(config: Path | None) -> None:
    """Record this machine until SIGTERM or Ctrl-C; the log goes to stderr."""
    from collector.entry import run  # noqa: PLC0415

    raise SystemExit(run(config))
