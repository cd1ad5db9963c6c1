"""``collector check``: is the config right, and what would run when?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from collector import clock
from collector.commands import config_option, json_option
from collector.config import checked
from collector.errors import ConfigError
from collector.moments import at_minute, at_second
from collector.plan import planned, refuse_place
from collector.tables import Column, print_facts, print_table
from collector.terminal import print_json
from collector.units import span

Row = dict[str, Any]

COLUMNS = (
    Column("name", cut=16),
    Column("kind", spare=1),
    Column("when"),
    Column("next"),
    Column("timeout", right=True, spare=3),
    Column("budget", right=True, spare=2),
    Column("what", cut=12),
)
_MINUTE_MS = 60_000


@click.command()
@config_option
@json_option
def command(config: Path | None, as_json: bool) -> None:
    """Check the config: every fault at once, then what would run and when."""
    try:
        settings = checked(config)
    except ConfigError as error:
        if as_json:
            print_json(_refused(error))
        raise
    refuse_place(settings)
    now_ms = clock.now().wall_ms
    plan = planned(settings, now_ms)
    if as_json:
        print_json(plan)
        return
    print_facts(_facts(plan))
    if plan["workloads"]:
        click.echo()
        print_table(COLUMNS, [_line(workload, now_ms) for workload in plan["workloads"]])


def _refused(error: ConfigError) -> Row:
    faults = [
        {"key": fault.key, "line": fault.line, "value": fault.value, "message": fault.message}
        for fault in error.problems
    ]
    return {"config": error.path, "problems": faults}


def _facts(plan: Row) -> list[tuple[str, list[str], str]]:
    config = plan["config"]
    facts = [
        (
            "config",
            [f"{config}: no faults" if config else "there is none: the defaults record the machine"],
            "",
        ),
        ("database", [plan["database"], f"durability {plan['durability']}"], " · "),
        ("socket", [plan["socket"]], ""),
        *(("sampling", [_sampled(group)], "") for group in plan["sampling"]),
        ("left out", plan["off"], ", "),
        ("summaries", _summed_up(plan["summaries"]), " · "),
        ("tails", [_followed(tail) for tail in plan["tails"]], ", "),
        ("pools", [f"{p['name']} ({p['kind']}) every {span(p['every_s'])}" for p in plan["pools"]], ", "),
        ("workloads", [_how_many(plan)], ""),
        *(("warning", [_exposed(found)], "") for found in plan["exposed"]),
    ]
    return [fact for fact in facts if fact[1]]


def _sampled(group: Row) -> str:
    slower = (
        f" ({span(group['on_battery_s'])} on battery)" if group["on_battery_s"] > group["every_s"] else ""
    )
    return f"every {span(group['every_s'])}{slower}: {', '.join(group['samplers'])}"


def _summed_up(summaries: Row) -> list[str]:
    every, taskboard = f"every {span(summaries['every_s'])}", summaries["taskboard"]
    if taskboard is None:
        return [every]
    missing = "" if summaries["taskboard_is_there"] else " (there is no such file)"
    return [every, f"joined with {taskboard}{missing}"]


def _followed(tail: Row) -> str:
    missing = "" if tail["files"] else "; there is no such file yet"
    return f"{tail['name']} ({tail['format']}{missing})"


def _exposed(found: Row) -> str:
    where = f"{found['workload']}: {found['key']}" if found["workload"] else found["key"]
    return f"{where}: others could change what runs: {found['fault']}"


def _how_many(plan: Row) -> str:
    count = len(plan["workloads"])
    if not count:
        return "none: add [[workloads]] to the config to time something"
    return f"{count}, at most {plan['parallel']} at one time"


def _line(workload: Row, now_ms: int) -> list[str]:
    times, budget = workload["next"], workload["budget_ms"]
    close = len(times) > 1 and times[1] - times[0] < _MINUTE_MS
    return [
        workload["name"],
        workload["kind"],
        f"every {workload['every']}" if workload["every"] else workload["cron"],
        ", ".join((at_second if close else at_minute)(at, now_ms) for at in times),
        span(workload["timeout_ms"] / 1000),
        "–" if budget is None else span(budget / 1000),
        workload["command"],
    ]
