"""Benchmark runs, one against the other: every figure of all their families."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from collector.answers.benchmark_runs import one
from collector.answers.timed import Row, ask_sql
from collector.orm import peewee

# From the newest back, until two are found: the indexes of the names would give them all, to be sorted.
_NEWEST = """
    SELECT run_id FROM benchmark_runs
    WHERE +project_name = ? AND +benchmark_name = ? AND timestamp <= ?
    ORDER BY timestamp DESC, rowid DESC LIMIT 2
"""
FAMILIES = ("performance", "autonomy", "quality", "workflow")


def newest(database: peewee.SqliteDatabase, row: Row) -> Row:
    """The newest run of a benchmark, the one before it, and what differs."""
    found = ask_sql(
        database, "summary.benchmarks.newest", _NEWEST,
        row["project_name"], row["benchmark_name"], row["last_run"],
    )  # fmt: skip
    newest, previous = (*(run["run_id"] for run in found), None, None)[:2]
    after, before = (one(database, run_id) if run_id else None for run_id in (newest, previous))
    return {
        "newest_run": newest,
        "previous_run": previous,
        "changes": compared(before, after) if before and after else [],
    }


def compared(before: Row, after: Row) -> list[Row]:
    """Every figure of two benchmark runs, in all families, one against the other.

    ``ratio`` is after over before, null where that is nothing to divide by.
    """
    one, other = dict(_figures(before)), dict(_figures(after))
    return [
        {
            "family": family,
            "figure": figure,
            "before": one.get((family, figure)),
            "after": other.get((family, figure)),
            "ratio": _ratio(one.get((family, figure)), other.get((family, figure))),
        }
        for family, figure in dict.fromkeys((*one, *other))
    ]


def _figures(run: Row) -> Iterator[tuple[tuple[str, str], float]]:
    for family in FAMILIES:
        for figure, value in _numbers(run.get(family) or {}, ""):
            yield (family, figure), value


def _numbers(document: Mapping[str, Any], path: str) -> Iterator[tuple[str, float]]:
    """The numbers of a document, those inside others under their path; row numbers are no figures."""
    for key, value in document.items():
        if isinstance(value, dict):
            yield from _numbers(value, f"{path}{key}.")
        elif isinstance(value, (int, float)) and not isinstance(value, bool) and (path or key != "id"):
            yield f"{path}{key}", value


def _ratio(before: float | None, after: float | None) -> float | None:
    return after / before if before and after is not None else None
