"""A summary with what is known besides: texts of queries, tasks of users, benchmark run against run."""

from __future__ import annotations

from collector.answers.cached import Noted, through
from collector.answers.summary import Window, summary
from collector.answers.timed import Row, ask_sql
from collector.orm import peewee
from collector.store.topics import TOPICS, Topic

_TASKS = ("email", "total_tasks", "total_projects", "total_lists", "completed_tasks", "recent_tasks")
_LAST_7_DAYS = ("operations", "sessions", "slow_share", "avg_response_time_ms")


def summed_up(
    database: peewee.SqliteDatabase, name: str, window: Window, noted: Noted, limit: int | None = None
) -> list[Row]:
    """The summary of a topic, the ``limit`` most frequent keys of it. Raises KeyError for no topic."""
    topic = TOPICS[name]
    if window == Window():  # without an end of its own the same question can be asked again
        found = through(
            database,
            f"summary {name}, {limit or 'all'}",
            topic.tables,
            lambda: summary(database, topic, window, noted, limit),
            noted,
        )
    else:
        found = summary(database, topic, window, noted, limit)
    return _with_more(database, topic, found)


def _with_more(database: peewee.SqliteDatabase, topic: Topic, found: list[Row]) -> list[Row]:
    if topic.name == "queries":
        texts = _by_key(database, "queries", "query_hash", [row["query_hash"] for row in found])
        return [row | {"text": texts.get(row["query_hash"], {}).get("text")} for row in found]
    if topic.name == "users":
        known = _by_key(database, "user_activity_summary", "user_id", [row["user_id"] for row in found])
        return [row | _of_user(known.get(row["user_id"], {})) for row in found]
    if topic.name == "benchmarks":
        from collector.answers.against import newest  # noqa: PLC0415  # it loads all kinds of record

        return [row | newest(database, row) for row in found]
    return found


def _of_user(known: Row) -> Row:
    """What the last refresh knew of a user: of seven days, whatever the window of the summary is."""
    last = {name: known.get(name) for name in _LAST_7_DAYS} if known else None
    return {name: known.get(name) for name in _TASKS} | {"last_7_days": last}


def _by_key(database: peewee.SqliteDatabase, table: str, key: str, wanted: list[str]) -> dict[str, Row]:
    marks = ", ".join("?" for _ in wanted)
    found = ask_sql(database, f"summary.{table}", f"SELECT * FROM {table} WHERE {key} IN ({marks})", *wanted)  # noqa: S608  # only words of ours
    return {row[key]: row for row in found}
