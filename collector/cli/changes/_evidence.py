"""Every figure behind a verdict, as a table: what it was before the change, and after it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import click

from collector.answers.change_rows import OWN_EVIDENCE
from collector.answers.timed import Row
from collector.cli.changes._lines import lies_between
from collector.moments import at_minute
from collector.tables import Column, print_facts, print_table
from collector.terminal import printable
from collector.units import counted, duration, percent, size, span

COLUMNS = (
    Column("figure", cut=16),
    Column("before", right=True, cut=8),
    Column("after", right=True, cut=8),
    Column("moved"),
)
_NOTHING = "–"
_MOVED = {True: "yes", False: "no", None: _NOTHING}


def _yes_or_no(share: float) -> str:
    """Of runs that differ, as many as half do."""
    return "no" if share == 0 else "yes" if share == 1 else percent(100 * share)


def _short(length: int) -> Callable[[Any], str]:
    return lambda text: str(text)[:length]


# Of each figure its words, and how its values are told.
_FIGURES: dict[str, tuple[str, Callable[[Any], str]]] = {
    "cpu_ms": ("own processor time", duration),
    "canary": ("canary", duration),
    "others_percent": ("cpu of others", percent),
    "busy_percent": ("cpu busy", percent),
    "cpu_some_percent": ("cpu pressure", percent),
    "memory_some_percent": ("memory pressure", percent),
    "io_some_percent": ("io pressure", percent),
    "swap_bytes_per_s": ("swapped", lambda rate: f"{size(round(rate))}/s"),
    "available_bytes": ("memory available", lambda count: size(round(count))),
    "max_rss_bytes": ("own memory", lambda count: size(round(count))),
    "frequency_mhz": ("clock frequency", lambda mhz: f"{mhz / 1000:.2f} GHz"),
    "temperature_celsius": ("temperature", lambda celsius: f"{celsius:.0f} °C"),
    "on_battery": ("on battery", _yes_or_no),
    "git_commit": ("git commit", _short(12)),
    "git_dirty": ("uncommitted changes", _yes_or_no),
    "command": ("command", str),
    "rows": ("rows", lambda count: f"{count:,.0f}"),
    "read_bytes": ("bytes read", lambda count: size(round(count))),
    "written_bytes": ("bytes written", lambda count: size(round(count))),
    "received_bytes": ("bytes received", lambda count: size(round(count))),
    "kernel": ("kernel", str),
    "boot_id": ("boot", _short(8)),
    "version": ("collector version", str),
}


def print_evidence(row: Row, now_ms: int) -> None:
    """What is known of the runs, then a line for each figure; at the end what is not known."""
    print_facts(_facts(row, now_ms))
    lines = list(_figures(row["evidence"] or {}))
    if known := [line for line in lines if line[1:3] != [_NOTHING, _NOTHING]]:
        click.echo()
        print_table(COLUMNS, known)
    if unknown := [line[0] for line in lines if line[1:3] == [_NOTHING, _NOTHING]]:
        click.echo()
        print_facts([("not known", unknown, ", ")])


def _facts(row: Row, now_ms: int) -> Iterator[tuple[str, list[str], str]]:
    evidence = row["evidence"] or {}
    yield "between", [lies_between(row, now_ms)], ""
    yield "runs", [f"{row['runs_before']:,} before", f"{row['runs_after']:,} after"], ", "
    if length_s := evidence.get("stretch_s"):
        yield "medians", [f"{evidence['stretches']:,} after, each of {span(length_s)}"], ""
    if left_out := list(_left_out(row, evidence)):
        yield "left out", left_out, ", "
    if (others := evidence.get("others")) and others["of"]:
        yield "others", [f"{others['moved']} of {counted(others['of'], 'other')} moved along"], ""
    if row["first_commit"]:
        yield "commit", [row["first_commit"]], ""
    yield "state", [row["state"], *([row["note"]] if row["note"] else [])], ": "
    if row["told_ms"] is not None:
        yield "told", [at_minute(row["told_ms"], now_ms)], ""


def _left_out(row: Row, evidence: Mapping[str, Any]) -> Iterator[str]:
    if row["noisy_left_out"]:
        yield f"{counted(row['noisy_left_out'], 'run')} on a busy machine"
    if evidence.get("left_out"):
        yield f"{counted(evidence['left_out'], 'run')} that did not go well"


def _figures(evidence: Mapping[str, Any]) -> Iterator[list[str]]:
    """A line for each figure, and one for each other workload."""
    for name, value in evidence.items():
        if name == "others":
            for workload, one in value["workloads"].items():
                yield _line(printable(workload), one, duration)
        elif name == "process":
            yield _line(f"cpu of {printable(value['name'])}", value, percent)
        elif name not in OWN_EVIDENCE:
            yield _line(*_described(name, value))


def _described(name: str, value: Mapping[str, Any]) -> tuple[str, Mapping[str, Any], Callable[[Any], str]]:
    words, told = _FIGURES.get(name, (name.replace("_", " "), str))
    return words, value, told


def _line(words: str, value: Mapping[str, Any], told: Callable[[Any], str]) -> list[str]:
    sides = [_NOTHING if value[side] is None else _side(value[side], told) for side in ("before", "after")]
    return [words, *map(printable, sides), _MOVED[value["moved"]]]


def _side(value: Any, told: Callable[[Any], str]) -> str:
    """A row that somebody else made may have words where a number is expected."""
    try:
        return told(value)
    except (TypeError, ValueError, OverflowError):
        return str(value)
