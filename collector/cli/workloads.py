"""``collector workloads``: what is registered, and how it goes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from collector import clock, health
from collector.answers import workloads
from collector.charts import sparkline
from collector.commands import config_option, json_option
from collector.moments import when
from collector.opened import opened
from collector.tables import Cell, Column, print_table
from collector.terminal import print_json
from collector.units import duration, span

COLUMNS = (
    Column("name", cut=16),
    Column("kind", spare=6),
    Column("every"),
    Column("next run", right=True, spare=2),
    Column("last run", right=True, spare=4),
    Column("last"),
    Column("runs", right=True, spare=5),
    Column("p50", right=True),
    Column("p95", right=True),
    Column("budget", right=True, spare=3),
    Column("over", right=True, spare=7),
    Column("trend", spare=1),
)


@click.command()
@click.option("--removed", is_flag=True, help="Also those that were taken out of the config.")
@config_option
@json_option
def command(removed: bool, config: Path | None, as_json: bool) -> None:
    """Show what is registered: when it is due, and how its newest 1,000 runs went."""
    with opened(config) as (settings, database):
        next_runs = health.next_runs(settings)
        found = workloads.registered(database, next_runs, removed=removed)
    if as_json:
        print_json(found)
    elif not found:
        click.echo("no workloads registered yet: add one to the config, and look with `collector check`")
    else:
        print_table(COLUMNS, [_line(workload, clock.now().wall_ms) for workload in found])


def _line(workload: dict[str, Any], now_ms: int) -> list[str | Cell]:
    over, budget = workload["over_budget"], workload["budget_ms"]
    return [
        workload["name"],
        workload["kind"],
        workload["every"] or workload["cron"],
        "removed" if workload["removed"] else when(workload["next_run"], now_ms),
        when(workload["last_run"], now_ms),
        _outcome(workload["last_outcome"]),
        f"{workload['runs']:,}" + ("+" if workload["more_runs"] else ""),
        duration(workload["p50_ms"]),
        Cell(duration(workload["p95_ms"]), "yellow" if over else ""),
        "–" if budget is None else span(budget / 1000),
        "–" if budget is None else f"{over:,}",
        sparkline(workload["trend"], low=0),
    ]


def _outcome(outcome: str | None) -> Cell:
    return Cell(outcome or "no run yet", "" if outcome is None else "green" if outcome == "ok" else "red")
