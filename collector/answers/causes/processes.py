"""Gathers which programs used the processors during the runs on both sides of a change."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from collector.answers.causes.gathered import Seen
from collector.answers.timed import ask_sql

if TYPE_CHECKING:
    from collector.orm import peewee

NEAREST_RUNS = 12
# Processes are walked every 30 s unless the config says otherwise, and a sample is of the time before it.
AFTERWARDS_MS = 31_000

_TAKEN = """
    SELECT timestamp, name, sum(cpu_percent) AS cpu_percent FROM process_samples
    WHERE timestamp BETWEEN ? AND ? GROUP BY timestamp, name
"""


def processes(
    database: peewee.SqliteDatabase, before: Sequence[Seen], after: Sequence[Seen]
) -> dict[str, tuple[float, float]]:
    """The mean share of a core (%) that each program took before and after; {} where a side has no sample."""
    border = after[0].timestamp
    was = _means(database, before[-NEAREST_RUNS:], border - 1)
    now = _means(database, after[:NEAREST_RUNS], 1 << 62)
    if was is None or now is None:
        return {}
    return {name: (was.get(name, 0.0), now.get(name, 0.0)) for name in was.keys() | now.keys()}


def _means(database: peewee.SqliteDatabase, runs: Sequence[Seen], until_ms: int) -> dict[str, float] | None:
    """Over all samples near the runs. Who is not among the most busy of one has next to nothing there."""
    samples: dict[tuple[int, str], float] = {}
    for run in runs:
        end = min(until_ms, run.timestamp + round(run.columns.get("wall_ms") or 0.0) + AFTERWARDS_MS)
        for row in ask_sql(database, "cause.processes", _TAKEN, run.timestamp, end):
            samples[row["timestamp"], row["name"]] = row["cpu_percent"]
    moments = {moment for moment, _ in samples}
    if not moments:
        return None
    sums: dict[str, float] = {}
    for (_, name), percent in samples.items():
        sums[name] = sums.get(name, 0.0) + percent
    return {name: total / len(moments) for name, total in sums.items()}
