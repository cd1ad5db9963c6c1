"""A summary with what is known besides: texts of queries, tasks of users, benchmark run against run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from collector.answers.cached import Noted, through
from collector.answers.rows import rows
from collector.answers.summary import Window, summary
from collector.answers.timed import Row, ask_sql
from collector.orm import peewee
from collector.records.base import KINDS
from collector.store.topics import TOPICS, Topic

FAMILIES = ("performance", "autonomy", "quality", "workflow")
_OF_USERS = (
    "email", "sessions", "slow_share", "avg_response_time_ms", "total_tasks", "total_projects", "total_lists",
    "completed_tasks", "recent_tasks",
)  # fmt: skip


def summed_up(
    database: peewee.SqliteDatabase, name: str, window: Window, noted: Noted, limit: int | None = None
) -> list[Row]:
    """The summary of a topic, the ``limit`` most frequent keys of it. Raises KeyError for no topic."""
    topic = TOPICS[name]
    if window == Window():  # without an end of its own the same question can be asked again
        found = through(
            database, f"summary {name}", (topic.base,), lambda: summary(database, topic, window, noted), noted
        )
    else:
        found = summary(database, topic, window, noted)
    return _with_more(database, topic, found if limit is None else found[:limit])


def _with_more(database: peewee.SqliteDatabase, topic: Topic, found: list[Row]) -> list[Row]:
    if topic.name == "queries":
        texts = _by_key(database, "queries", "query_hash", [row["query_hash"] for row in found])
        return [row | {"text": texts.get(row["query_hash"], {}).get("text")} for row in found]
    if topic.name == "users":
        known = _by_key(database, "user_activity_summary", "user_id", [row["user_id"] for row in found])
        return [row | {k: known.get(row["user_id"], {}).get(k) for k in _OF_USERS} for row in found]
    if topic.name == "benchmarks":
        return [row | _newest(database, row) for row in found]
    return found


def _by_key(database: peewee.SqliteDatabase, table: str, key: str, wanted: list[str]) -> dict[str, Row]:
    marks = ", ".join("?" for _ in wanted)
    found = ask_sql(database, f"summary.{table}", f"SELECT * FROM {table} WHERE {key} IN ({marks})", *wanted)  # noqa: S608  # only words of ours
    return {row[key]: row for row in found}


def _newest(database: peewee.SqliteDatabase, row: Row) -> Row:
    """The newest run of a benchmark, the one before it, and what differs."""
    where = {"project_name": row["project_name"], "benchmark_name": row["benchmark_name"]}
    found = rows(database, KINDS["benchmark"], where=where, limit=2)
    after, before = found[0], found[1] if len(found) > 1 else None
    return {
        "newest_run": after["run_id"],
        "previous_run": before["run_id"] if before else None,
        "changes": compared(before, after) if before else [],
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
