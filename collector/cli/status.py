"""``collector status``: is it recording?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from collector import clock, health
from collector.answers import standing
from collector.charts import sparkline
from collector.commands import config_option, json_option
from collector.moments import at_minute, when
from collector.opened import reading_settings
from collector.tables import print_facts
from collector.terminal import paint, print_json, printable
from collector.units import ago, duration, long_span, percent, size

Facts = list[tuple[str, list[str], str]]

_MOST_ALERTS = 3
_MOST_GAPS = 3
_DAY_MS = 86_400_000
_DOT = " · "


@click.command()
@config_option
@json_option
def command(config: Path | None, as_json: bool) -> int:
    """Is it recording? Counters, timing, own cost, the machine now. Exits with 1 when it is not."""
    now_ms = clock.now().wall_ms
    document = health.look(reading_settings(config), now_ms)
    if as_json:
        print_json(document)
    else:
        click.echo(_headline(document, now_ms))
        print_facts(_facts(document, now_ms))
    return 0 if document["recording"] else 1


def _headline(document: dict[str, Any], now_ms: int) -> str:
    problems = len(document["problems"])
    many = "no problems" if not problems else "1 problem" if problems == 1 else f"{problems} problems"
    if document["recording"]:
        mark, first = paint("●", "yellow" if problems else "green"), f"recording for {_uptime(document)}"
        return _DOT.join([f"{mark} {first}", f"pid {document['pid']}", _version(document), many])
    if document["silent"]:
        held = f"process {document['pid']} holds the database but does not answer"
        return _DOT.join([f"{paint('○', 'yellow')} {held}", many])
    last = document["last_commit"]
    since = "" if last is None else f" since {at_minute(last, now_ms)} ({ago(now_ms - last)})"
    return _DOT.join([f"{paint('○', 'red')} not recording{since}", many])


def _facts(document: dict[str, Any], now_ms: int) -> Facts:
    """The lines below the headline; what is not known is left out."""
    facts: Facts = [("problem", [problem], _DOT) for problem in document["problems"]]
    facts += [
        ("database", _database(document["database"], document["kept"]), _DOT),
        ("records", _records(document), " + "),
        ("timing", _timing(document, now_ms), _DOT),
        ("own cost", _cost(document), _DOT),
        ("machine", _machine(document), "   "),
        ("workloads", _workloads(document, now_ms), _DOT),
        *(("recovered", [sentence], _DOT) for sentence in _recovered(document["recoveries"], now_ms)),
        ("alerts", _alerts(document["alerts"], now_ms), _DOT),
        ("tails", _tails(document["tails"]), _DOT),
        ("pools", _pools(document["pools"]), _DOT),
        ("gaps", _gaps(document["gaps"], now_ms), ", "),
    ]
    return [fact for fact in facts if fact[1]]


def _uptime(document: dict[str, Any]) -> str:
    return long_span(document["uptime_s"] or 0)


def _version(document: dict[str, Any]) -> str:
    return printable(f"collector {document['version']}")


def _database(file: dict[str, Any], kept: dict[str, Any] | None) -> list[str]:
    path, home = Path(file["path"]), Path.home()
    shown = f"~/{path.relative_to(home)}" if path.is_relative_to(home) else str(path)
    if not file["bytes"]:
        return []
    of = f" of {size(kept['cap_bytes'])}" if kept else ""
    aside = [f"set aside {size(kept['aside_bytes'])}"] if kept and kept["aside_bytes"] else []
    return [f"{shown}   {size(file['bytes'])}{of}", f"WAL {size(file['wal_bytes'])}", *aside]


def _records(document: dict[str, Any]) -> list[str]:
    counters, session = document["counters"], document["last_session"]
    if not document["recording"] and not session:
        return []
    if not document["counters_known"]:
        unasked = document["silent"]
        return [f"not known: the recorder {'does not answer' if unasked else 'was killed'}"]
    whose = "" if document["recording"] else "in the last session "
    first, *others = health.COUNTERS[1:]
    return [
        f"{whose}{counters['received']:,} received = {counters[first]:,} {first}",
        *(f"{counters.get(name, 0):,} {name}" for name in others),
    ]


def _timing(document: dict[str, Any], now_ms: int) -> list[str]:
    if not document["recording"]:
        return []
    last, flush, late = document["last_commit"], document["flush_p95_ms"], document["late_ms"]
    return [
        "no commit yet" if last is None else f"last commit {ago(max(0, now_ms - last))}",
        *([] if flush is None else [f"flush p95 {duration(flush)}"]),
        *([] if late is None else [f"latest sample {_late(late)}"]),
    ]


def _late(ms: float) -> str:
    return "on time" if ms < 1 else f"{duration(ms)} late"


def _cost(document: dict[str, Any]) -> list[str]:
    if not document["recording"]:
        return []
    cpu, rss, written = (document[key] for key in ("cpu_percent", "rss_bytes", "written_bytes_per_hour"))
    return [
        *([] if cpu is None else [f"{percent(cpu)} of a core"]),
        *([] if rss is None else [size(rss)]),
        *([] if written is None else [f"{size(written)} written an hour"]),
    ]


def _machine(document: dict[str, Any]) -> list[str]:
    machine = document["machine"]
    if machine is None or not document["recording"]:
        return []
    pictured = [
        f"{subject} {percent(now)} {sparkline(machine[f'{subject}_history'], 0, 100).lstrip()}"
        for subject in ("cpu", "memory")
        if (now := machine[f"{subject}_percent"]) is not None
    ]
    pressure = machine["io_pressure_percent"]
    return [*pictured, *([] if pressure is None else [f"io pressure {percent(pressure)}"])]


def _workloads(document: dict[str, Any], now_ms: int) -> list[str]:
    workloads, next_runs = document["workloads"], document["next_runs"]
    if workloads is None:
        return []
    if not workloads["registered"]:
        return ["none registered yet: add one to the config, see `collector check`"]
    parts = [f"{workloads['registered']} registered"]
    for state, key in (("over budget", "over_budget"), ("failing", "failing")):
        if names := workloads[key]:
            parts.append(f"{len(names)} {state}: {', '.join(names)}")
    if next_runs:
        name = min(next_runs, key=lambda name: next_runs[name])
        parts.append(f"next: {name} {when(next_runs[name], now_ms)}")
    return parts


def _alerts(alerts: list[dict[str, Any]], now_ms: int) -> list[str]:
    """The newest few of what is not as it should be; nothing where all is well."""
    newest = [
        f"{printable(standing.in_words(row))} since {at_minute(row['since_ms'], now_ms)}"
        for row in alerts[: -_MOST_ALERTS - 1 : -1]
    ]
    more = len(alerts) - len(newest)
    return [*newest, *([f"{more} more: collector show alert"] if more else [])]


def _recovered(recoveries: list[dict[str, Any]], now_ms: int) -> list[str]:
    """What happened to the file in the last day and needs nobody; the rest is among the problems."""
    return [
        printable(row["sentence"])
        for row in recoveries
        if not row["lies"] and now_ms - row["timestamp"] < _DAY_MS
    ]


def _tails(tails: list[dict[str, Any]]) -> list[str]:
    if not tails:
        return []
    executions, behind = (sum(tail[key] for tail in tails) for key in ("executions", "behind_bytes"))
    waiting = [tail["name"] for tail in tails if not tail["files"]]
    return [
        f"{len(tails) - len(waiting)} of {len(tails)} followed",
        f"{executions:,} executions",
        *([f"{size(behind)} behind"] if behind else []),
        *([f"no file yet: {printable(', '.join(waiting))}"] if waiting else []),
    ]


def _pools(pools: list[dict[str, Any]]) -> list[str]:
    """Those of the config, and those that applications report where callers wait."""
    ours = [pool for pool in pools if pool["kind"] != "reported"]
    new = sum(pool["state"] == "new" for pool in ours)
    parts = [f"{len(ours) - new} looked at"] if ours else []
    parts += [f"{new} not yet"] if new else []
    for words, state in (("failing", "failing"), ("with waiting callers", "waiting")):
        if names := [pool["name"] for pool in pools if pool["state"] == state]:
            parts.append(f"{len(names)} {words}: {printable(', '.join(names))}")
    return parts


def _gaps(gaps: list[dict[str, Any]], now_ms: int) -> list[str]:
    if not gaps:
        return ["none in 24 h"]
    newest = [
        f"{gap['reason']} since {at_minute(gap['from_ms'], now_ms)}"
        if gap["to_ms"] is None
        else f"{gap['reason']} {at_minute(gap['from_ms'], now_ms)}–{at_minute(gap['to_ms'], now_ms)}"
        for gap in gaps[-_MOST_GAPS:]
    ]
    newest[0] = f"{len(gaps)} in 24 h: {'… ' if len(gaps) > _MOST_GAPS else ''}{newest[0]}"
    return newest
