"""``collector summary``: how often, how long, how many failed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from collector import clock
from collector.answers import topics
from collector.answers.cached import Noted
from collector.answers.summary import EVER, EXACT_ROWS, Window, is_exact
from collector.commands import config_option, json_option
from collector.errors import UsageError
from collector.holes import holes, say
from collector.moments import when
from collector.opened import opened
from collector.options import limit_option, since_option, until_option
from collector.registry import nearest
from collector.store.topics import TOPICS
from collector.tables import Cell, Column, print_paragraph, print_table
from collector.terminal import print_json, printable
from collector.units import duration, percent

if TYPE_CHECKING:
    from collector.orm import peewee

Row = dict[str, Any]
Say = Callable[[Any], str]

MACHINE = "machine"
DAY_MS = 86_400_000
TITLES = {"metric_type": "type", "metric_name": "name"}
TIMES = ("avg", "min", "p50", "p95", "p99", "max")
# Which go first where there is no room. Of pools and users the further columns matter more.
SPARE = {"min": 5, "p99": 4, "avg": 3}
SPARE_LATE = {"min": 9, "p99": 8, "max": 7, "avg": 6, "p50": 5}
FURTHER_FIRST = ("pools", "users")
SPARE_FURTHER = {"longest": 4}  # the others of them 3


def _number(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.3g}"


def _mean(value: float | None) -> str:
    return "–" if value is None else f"{value:,.1f}"


def _share(value: float | None) -> str:
    return "–" if value is None else percent(100 * value)


def _when(value: int | None) -> str:
    return when(value, clock.now().wall_ms)


# What a topic shows besides: title → (key of the row, how it is said).
MORE: dict[str, dict[str, tuple[str, Say]]] = {
    "inference": {
        "tokens/s": ("avg_tokens_per_second", _number),
        "tokens in": ("avg_input_tokens", _number),
        "tokens out": ("avg_output_tokens", _number),
    },
    "skills": {"tokens": ("avg_tokens", _number)},
    "operations": {"last": ("last_seen", _when)},
    "queries": {"last": ("last_seen", _when), "query": ("text", lambda text: text or "–")},
    "users": {
        "tasks": ("total_tasks", _number),
        "done": ("completed_tasks", _number),
        "last": ("last_activity", _when),
    },
    "pools": {
        "active": ("avg_active", _mean),
        "peak": ("max_active", _number),
        "limit": ("max_connections", _number),
        "waiting": ("max_waiting", _number),
        "errors": ("connection_errors", _number),
        "longest": ("max_connection_time_ms", duration),
    },
    "benchmarks": {"cost": ("avg_cost", _number), "last": ("last_run", _when)},
    "workloads": {"last": ("last_run", _when)},
}


@click.command()
@click.argument("topic")
@since_option
@until_option
@limit_option(20)
@click.option("--compare", nargs=2, metavar="A B", help="Two benchmark runs, figure by figure.")
@config_option
@json_option
def command(
    topic: str,
    since: int,
    until: int | None,
    limit: int,
    compare: tuple[str, str] | None,
    config: Path | None,
    as_json: bool,
) -> None:
    """Sum up TOPIC: count, failures, mean, bounds and percentiles by its key.

    \b
    inference    by model         operations   by type and name
    skills       by skill         queries      by fingerprint
    pools        by pool          users        by user
    benchmarks   run against run  workloads    by workload
    machine      by figure, of the last 24 hours unless --since says otherwise
    """
    _refuse(topic, compare, since, until)
    if topic == MACHINE:
        _machine(config, since, until, as_json=as_json)
        return
    if compare:
        _compare(config, compare, as_json=as_json)
        return
    noted, window = Noted(), Window(since, EVER if until is None else until)
    with opened(config) as (settings, database):
        found = topics.summed_up(database, topic, window, noted, limit + 1)  # to see if there are more
        exact = is_exact(database, TOPICS[topic])
        missing = holes(database, since, until) if found else ""
    if as_json:
        print_json(found[:limit])
    elif not found:
        click.echo(_nothing(topic, filtered=bool(since or until)))
    else:
        _print(topic, found[:limit])
        _print_notes(exact=exact, limit=limit if len(found) > limit else None)
    say(missing, to_program=as_json)
    if noted:
        from collector.keep import keep  # noqa: PLC0415  # of few rows there is nothing to keep

        keep(settings, noted)


def _refuse(topic: str, compare: tuple[str, str] | None, since: int, until: int | None) -> None:
    if topic not in (known := [*TOPICS, MACHINE]):
        raise UsageError(f"no topic {topic!r}{nearest(topic, known)}", hint=f"there are {', '.join(known)}")
    if until is not None and until <= since:
        raise UsageError("--until lies before --since", hint="the window from the one to the other is empty")
    if compare and topic != "benchmarks":
        raise UsageError(f"{topic} cannot be compared run by run", hint="`summary benchmarks --compare A B`")


def _machine(config: Path | None, since: int, until: int | None, *, as_json: bool) -> None:
    """Another answer than the others: its figures are in units of their own."""
    from collector.answers import machine  # noqa: PLC0415  # loads all kinds of record
    from collector.machine_table import print_machine  # noqa: PLC0415  # as above

    since = since or clock.now().wall_ms - DAY_MS
    with opened(config) as (_, database):
        found = machine.summed_up(database, since, clock.now().wall_ms + 1 if until is None else until)
        missing = holes(database, since, until) if found else ""
    if as_json:
        print_json(found)
    elif not found:
        click.echo("no sample in that time: `collector status` tells whether the recorder runs")
    else:
        print_machine(found)
    say(missing, to_program=as_json)


def _compare(config: Path | None, run_ids: tuple[str, str], *, as_json: bool) -> None:
    from collector.answers.against import compared  # noqa: PLC0415  # loads all kinds of record

    with opened(config) as (_, database):
        before, after = (_run(database, run_id) for run_id in run_ids)
    found = compared(before, after)
    if as_json:
        print_json(found)
    else:
        _print_compared(printable(f"{run_ids[1]} against {run_ids[0]}"), found)


def _run(database: peewee.SqliteDatabase, run_id: str) -> Row:
    from collector.answers import benchmark_runs  # noqa: PLC0415  # as above

    if run := benchmark_runs.one(database, run_id):
        return run
    raise UsageError(f"there is no benchmark run {run_id!r}", hint="`collector show benchmark` lists them")


def _nothing(topic: str, *, filtered: bool) -> str:
    if filtered:
        return f"nothing of {topic} in that time: look further back, or leave out --since"
    if topic == "workloads":
        return "no run is recorded yet: add workloads to the config, or time one with `collector time`"
    return f"nothing of {topic} is recorded yet: applications send it, see `collector record --help`"


def _print(topic: str, found: Sequence[Row]) -> None:
    keys = TOPICS[topic].keys
    judged = "failure_rate" in found[0]
    spare = SPARE_LATE if topic in FURTHER_FIRST else SPARE
    more = {
        title: how for title, how in MORE[topic].items() if any(row.get(how[0]) is not None for row in found)
    }
    columns = [
        *(Column(_title(key), cut=16) for key in keys),
        Column("count", right=True),
        *([Column("failed", right=True, spare=2)] if judged else []),
        *(Column(name, right=True, spare=spare.get(name, 0)) for name in TIMES),
        *(_column(title, SPARE_FURTHER.get(title, 3) if topic in FURTHER_FIRST else 6) for title in more),
    ]
    left_out = print_table(columns, [_line(row, keys, more, judged=judged) for row in found])
    if left_out:
        print_paragraph(f"no room for {', '.join(left_out)}: a wider terminal or --json has them")
    if topic == "pools":
        print_paragraph(
            "avg to max: of the mean times to get a connection, one a look; longest: of a single one;"
            " active: in use in the mean, peak: at most, limit: there can be; waiting: callers, at most"
        )
    for row in found:
        if row.get("previous_run"):
            click.echo()
            _print_newest(row)


def _print_notes(*, exact: bool, limit: int | None) -> None:
    if limit:
        click.echo(f"the {limit} most frequent: --limit N shows more")
    if not exact:
        click.echo(f"percentiles lie within 1 %: the table has more than {EXACT_ROWS:,} rows")


def _column(title: str, spare: int) -> Column:
    return Column(title, cut=24) if title == "query" else Column(title, right=True, spare=spare)


def _title(key: str) -> str:
    return TITLES.get(key, key.removesuffix("_name").removesuffix("_id").replace("_", " "))


def _line(
    row: Row, keys: Sequence[str], more: dict[str, tuple[str, Say]], *, judged: bool
) -> list[str | Cell]:
    rate = row.get("failure_rate")
    failed = Cell(_share(rate), "red" if rate else "")
    return [
        *(row[key] or '""' for key in keys),
        f"{row['count']:,}",
        *([failed] if judged else []),
        *(duration(row[f"{name}_ms"]) for name in TIMES),
        *(say(row.get(key)) for key, say in more.values()),
    ]


def _print_newest(row: Row) -> None:
    """What differs between the newest run of a benchmark and the one before it."""
    found = [line for line in row["changes"] if line["before"] != line["after"]]
    # In lines of their own: ids that the recorder made are 32 characters long.
    title = f"{row['project_name']}, {row['benchmark_name']}"
    runs = f"  {printable(row['newest_run'])}\n  against {printable(row['previous_run'])}"
    same = len(row["changes"]) - len(found)
    _print_compared(f"{printable(title)}\n{runs}", found, nothing="no figure differs")
    if found and same:
        click.echo(f"{same} figures are the same: --compare shows them")


def _print_compared(title: str, found: Sequence[Row], nothing: str = "neither has any figures") -> None:
    click.echo(title)
    if not found:
        click.echo(nothing)
        return
    columns = (
        Column("family", spare=1),
        Column("figure", cut=24),
        Column("before", right=True),
        Column("after", right=True),
        Column("change", right=True),
    )
    print_table(columns, [_compared_line(row) for row in found])


def _compared_line(row: Row) -> list[str | Cell]:
    ratio = row["ratio"]
    change = "–" if ratio is None else "same" if ratio == 1 else f"{100 * (ratio - 1):+.0f} %"
    return [row["family"], row["figure"], _number(row["before"]), _number(row["after"]), change]
