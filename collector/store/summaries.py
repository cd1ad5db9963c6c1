"""The summaries of queries and users, refreshed every 15 minutes, and the digests of full stretches.

What is dear is read over a connection that only reads, a key at a time, so that the writer is never held
up; it only takes the finished rows, some hundred a step.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from heapq import merge
from itertools import groupby
from pathlib import Path
from typing import Any

import msgspec

from collector.errors import DatabaseError
from collector.log import get_logger
from collector.orm import peewee, select
from collector.records.query_summary import QuerySummary
from collector.records.user_summary import UserSummary
from collector.sqlite import sqlite3
from collector.store import cache, taskboard
from collector.store.replacing import Ask, Stop, replace
from collector.store.seen import ends
from collector.store.stretches import Kept
from collector.store.taskboard import Tasks
from collector.store.topics import DIGESTED, Topic

log = get_logger("summaries")

WINDOW_MS = 7 * 86_400_000

# What is wrong with the rows of one topic, or with what is made of them. Not that the writer has stopped.
FAULTS = (
    peewee.PeeweeException, sqlite3.Error, DatabaseError, ValueError, TypeError, OverflowError,
    msgspec.MsgspecError,
)  # fmt: skip

Row = tuple[Any, ...]


@dataclass(frozen=True)
class Slow:
    """From when on an operation counts as slow, in milliseconds, by its type."""

    thresholds: Mapping[str, float]

    def sql(self) -> str:
        """SQL that is true for a slow operation."""
        cases = " ".join(
            f"WHEN '{name}' THEN duration_ms > {float(ms)!r}" for name, ms in self.thresholds.items()
        )
        return f"CASE metric_type {cases} ELSE 0 END" if cases else "0"


def refresh(database: peewee.SqliteDatabase, ask: Ask, stop: Stop, *, now_ms: int, slow: Slow,
            tasks: Path | None = None) -> dict[str, int]:  # fmt: skip
    """Bring everything up to date; how many rows of each were written, and how many parts failed.

    ``ask`` has the writer do a step. A part that fails is told in the log and stops no other.
    """
    since_ms = now_ms - WINDOW_MS

    def queries() -> int:
        return replace("query_summary", database, ask, stop, _queries(database, stop, since_ms))

    def users() -> int:
        known = taskboard.read(tasks, now_ms)
        return replace("user_summary", database, ask, stop, _users(database, stop, since_ms, slow, known))

    written = {"queries": _tried("query_summary", queries), "users": _tried("user_summary", users)}
    digested = digest_all(database, ask, stop, now_ms)
    failed = digested["failed"] + sum(count is None for count in written.values())
    return {
        **{name: count or 0 for name, count in written.items()},
        "digests": digested["digests"],
        "failed": failed,
    }


def digest_all(database: peewee.SqliteDatabase, ask: Ask, stop: Stop, now_ms: int) -> dict[str, int]:
    """Work out the digests of all full stretches that have none yet; how many, and of how many topics not."""
    tried = [
        _tried(topic.name, partial(_digest_topic, topic, database, ask, stop, now_ms)) for topic in DIGESTED
    ]
    return {"digests": sum(filter(None, tried)), "failed": tried.count(None)}


def _digest_topic(topic: Topic, database: peewee.SqliteDatabase, ask: Ask, stop: Stop, now_ms: int) -> int:
    rows = ends(database, topic.table)
    if rows is None:
        return 0
    made, kept = 0, Kept(database, topic)
    for stretch in kept.missing(rows):
        if stop():
            break
        kept.make(stretch)
        for entry in kept.kept():
            ask("summaries.digest", cache.remember([entry], (), now_ms))
            made += 1
    return made


def _tried(topic: str, part: Callable[[], int]) -> int | None:
    """What a part wrote; None when it failed."""
    try:
        return part()
    except FAULTS as error:
        log.warning("summaries.failed", topic=topic, error=f"{type(error).__name__}: {error}")
        return None


def _queries(database: peewee.SqliteDatabase, stop: Stop, since_ms: int) -> Iterator[msgspec.Struct]:
    """Fingerprints with more than ten executions since then."""
    for query_hash in _each(database, "query_hash", stop):
        with database.atomic():  # rows that are deleted meanwhile are in all of its figures, or in none
            made = _query(database, query_hash, since_ms)
        if made is not None:
            yield made


def _query(database: peewee.SqliteDatabase, query_hash: str, since_ms: int) -> msgspec.Struct | None:
    about = (query_hash, since_ms)
    where = "metric_type = 'query' AND query_hash = ? AND timestamp >= ?"
    ((count, mean, low, high, users, last),) = select(
        database,
        "SELECT count(*), avg(duration_ms), min(duration_ms), max(duration_ms),"  # noqa: S608  # only words of ours
        f" count(DISTINCT user_id), max(timestamp) FROM operation_metrics WHERE {where}",
        *about,
    )
    if count <= 10:
        return None
    return QuerySummary.record(
        query_hash=query_hash,
        execution_count=count,
        avg_duration_ms=mean,
        min_duration_ms=low,
        max_duration_ms=high,
        p95_duration_ms=_percentile_95(database, where, about, count),
        unique_users=users,
        last_execution=last,
    )


def _percentile_95(database: peewee.SqliteDatabase, where: str, about: Row, count: int) -> float:
    """As PERCENTILE_CONT(0.95): between the two values around the rank."""
    rank = 0.95 * (count - 1)
    around = [
        value
        for (value,) in select(
            database,
            f"SELECT duration_ms FROM operation_metrics WHERE {where} ORDER BY duration_ms LIMIT 2 OFFSET ?",  # noqa: S608  # only words of ours
            *about,
            int(rank),
        )
    ]
    return float(around[0] + (around[-1] - around[0]) * (rank - int(rank)))


def _users(
    database: peewee.SqliteDatabase, stop: Stop, since_ms: int, slow: Slow, tasks: Mapping[str, Tasks]
) -> Iterator[msgspec.Struct]:
    """Everybody for whom something was done in the window, and everybody on the taskboard, in order."""
    for user_id, _ in groupby(merge(_each(database, "user_id", stop), sorted(tasks))):
        ((count, sessions, slow_share, api_mean, last),) = select(
            database,
            f"SELECT count(*), count(DISTINCT session_id), avg({slow.sql()}),"  # noqa: S608  # only words of ours
            " avg(CASE WHEN metric_type = 'api' THEN duration_ms END), max(timestamp)"
            " FROM operation_metrics WHERE user_id = ? AND timestamp >= ?",
            user_id,
            since_ms,
        )
        if count or user_id in tasks:
            yield _user(
                user_id, tasks.get(user_id), count, sessions, slow_share or 0.0, api_mean or 0.0, last
            )


def _user(user_id: str, tasks: Tasks | None, count: int, sessions: int, slow_share: float, api_mean: float,
          last: int | None) -> msgspec.Struct:  # fmt: skip
    given = tasks._asdict() if tasks else {}
    changed = given.pop("changed_ms", None)
    return UserSummary.record(
        user_id=user_id,
        operations=count,
        sessions=sessions,
        slow_share=slow_share,
        avg_response_time_ms=api_mean,
        last_activity=max(filter(None, (last, changed)), default=None),
        **given,
    )


def _each(database: peewee.SqliteDatabase, column: str, stop: Stop) -> Iterator[str]:
    """All values of an indexed column, each found with one step into the index."""
    value: Any = ""  # the smallest of all texts, and one that may be there
    sign = ">="
    while not stop():
        ((value,),) = select(
            database,
            f"SELECT min({column}) FROM operation_metrics WHERE {column} {sign} ?",  # noqa: S608  # only words of ours
            value,
        )
        if value is None:
            return
        yield value
        sign = ">"
