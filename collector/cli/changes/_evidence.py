"""Every figure behind a verdict, as a table: what it was before the change, and after it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import click

from collector.answers.timed import Row
from collector.moments import at_minute
from collector.tables import Column, print_facts, print_table
from collector.units import counted, duration, percent, size

COLUMNS = (
    Column("figure", cut=16),
    Column("before", right=True, cut=8),
    Column("after", right=True, cut=8),
    Column("moved"),
)
_NOTHING = "–"
_HASH_CHARACTERS = 12
_MOVED = {True: "yes", False: "no", None: "not known"}
_BY_ENDING: dict[str, Callable[[float], str]] = {
    "_ms": duration,
    "_bytes": lambda count: size(round(count)),
    "_bytes_per_s": lambda rate: f"{size(round(rate))}/s",
    "_percent": percent,
    "_mhz": lambda mhz: f"{mhz / 1000:.2f} GHz",
    "_celsius": lambda celsius: f"{celsius:.0f} °C",
}


def print_evidence(row: Row, now_ms: int) -> None:
    """What is known of the runs, then a line for each figure; at the end the names of what is not known."""
    print_facts(_facts(row, now_ms))
    lines = list(_figures("", row["evidence"] or {}))
    if known := [line for line in lines if _NOTHING not in line[1:3]]:
        click.echo()
        print_table(COLUMNS, known)
    if unknown := [line[0] for line in lines if _NOTHING in line[1:3]]:
        click.echo()
        print_facts([("not known", unknown, ", ")])


def _facts(row: Row, now_ms: int) -> Iterator[tuple[str, list[str], str]]:
    between = [f"{at_minute(row[name], now_ms)}" for name in ("last_before_ms", "timestamp")]
    yield "between", between, " and "
    yield "runs", [f"{row['runs_before']:,} before", f"{row['runs_after']:,} after"], ", "
    if row["noisy_left_out"]:
        yield "left out", [f"{counted(row['noisy_left_out'], 'run')} on a busy machine"], ", "
    if row["first_commit"]:
        yield "commit", [row["first_commit"]], ""
    yield "state", [row["state"], *([row["note"]] if row["note"] else [])], ": "


def _figures(front: str, evidence: Mapping[str, Any]) -> Iterator[list[str]]:
    """A figure with two sides is a line; what holds several has one for each."""
    for name, value in evidence.items():
        label = f"{front} {name}".strip()
        if not isinstance(value, dict):
            yield [_words(label), "", _told(name, value), ""]
        elif {"before", "after"} <= value.keys():
            sides = [_told(name, value[side]) for side in ("before", "after")]
            yield [_words(label), *sides, _MOVED.get(value.get("moved"), "")]
        else:
            yield from _figures(label, value)


def _words(label: str) -> str:
    return label.replace("_", " ")


def _told(name: str, value: Any) -> str:
    if value is None:
        return _NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (int, float)):
        ending = next((ending for ending in _BY_ENDING if name.endswith(ending)), None)
        return _BY_ENDING[ending](value) if ending else f"{value:,.4g}"
    if isinstance(value, list):
        return " · ".join(_told(name, one) for one in value)
    return str(value)[:_HASH_CHARACTERS] if name == "git_commit" else str(value)
