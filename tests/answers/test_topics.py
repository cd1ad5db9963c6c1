"""What stands beside the figures: texts of queries, tasks of users, benchmarks run against run."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from collector.answers.against import compared
from collector.answers.cached import Noted
from collector.answers.summary import Window
from collector.answers.topics import summed_up
from collector.orm import peewee
from collector.records.base import KINDS
from tests.answers.made import HOUR, MINUTE, Made
from tests.answers.reported import Row, store
from tests.answers.sample import sample

QUERY = {"fp_version": 1, "dialect": "sqlite", "sample": None, "first_seen": 1}


def asked(reader: peewee.SqliteDatabase, topic: str, window: Window | None = None) -> list[Row]:
    """The answer as a command gets it."""
    return summed_up(reader, topic, window or Window(), Noted(), 20)


def operation(n: int = 0, **columns: Any) -> Row:
    """One operation."""
    given = {"metric_type": "query", "metric_name": "q", "duration_ms": 1.0 + n, "timestamp": 1_000 + n}
    return given | {"user_id": None, "query_hash": None} | columns


def benchmark(made: Made, ago_ms: int, run_id: str, seconds: float, **given: Any) -> None:
    """A benchmark run with all families; only its time in the first differs."""
    kind = KINDS["benchmark"]
    run: Any = sample(kind, 1, made.now_ms, run_id=run_id, timestamp=made.now_ms - ago_ms, **given)
    if run.performance is not None:
        performance = msgspec.structs.replace(run.performance, total_time_seconds=seconds)
        run = msgspec.structs.replace(run, performance=performance)
    made.add(run)
    for part in kind.parts:
        made.conn.executemany(*part.statement([run]))


def test_queries_come_with_their_texts(made: Made, reader: peewee.SqliteDatabase) -> None:
    """Null where the sender had a hash of its own and never said what it means."""
    store(made, "queries", [QUERY | {"query_hash": "h1", "text": "SELECT ü FROM t WHERE a = ?"}])
    store(made, "operation_metrics", [operation(query_hash=h) for h in ("h1", "h1", "h2")])
    assert [(row["query_hash"], row["count"], row["text"]) for row in asked(reader, "queries")] == [
        ("h1", 2, "SELECT ü FROM t WHERE a = ?"),
        ("h2", 1, None),
    ]


def test_users_come_with_what_is_known_of_them(made: Made, reader: peewee.SqliteDatabase) -> None:
    """Null before the first refresh, and for whom the taskboard does not know."""
    known = {
        "email": "ada@example.org", "total_tasks": 9, "total_projects": 2, "total_lists": 1,
        "completed_tasks": 4, "recent_tasks": 0,
    }  # fmt: skip
    week = {"operations": 1, "sessions": 3, "slow_share": 0.25, "avg_response_time_ms": 8.5}
    store(made, "user_activity_summary", [{"user_id": "ada", "last_activity": 5, **known, **week}])
    store(made, "operation_metrics", [operation(7, user_id=user) for user in ("ada", "ada", "bob")])
    ada, bob = asked(reader, "users")
    assert {key: ada[key] for key in known} == known
    assert {bob[key] for key in known} == {None}
    assert (ada["last_7_days"], bob["last_7_days"]) == (week, None)
    assert (ada["count"], ada["last_activity"]) == (2, 1_007)


def test_the_newest_benchmark_run_is_set_against_the_one_before(
    made: Made, reader: peewee.SqliteDatabase
) -> None:
    """Of the same project and benchmark; all families, JSON inside them by path."""
    benchmark(made, 3 * HOUR, "old", 1.0, project_name="p", benchmark_name="b")
    benchmark(made, 2 * HOUR, "before", 100.0, project_name="p", benchmark_name="b")
    benchmark(made, HOUR, "after", 125.0, project_name="p", benchmark_name="b")
    benchmark(made, MINUTE, "other", 9.0, project_name="p", benchmark_name="c")
    row, other = asked(reader, "benchmarks")
    assert (row["newest_run"], row["previous_run"], row["count"]) == ("after", "before", 3)
    assert (other["newest_run"], other["previous_run"], other["changes"]) == ("other", None, [])
    by_figure = {(line["family"], line["figure"]): line for line in row["changes"]}
    total = by_figure["performance", "total_time_seconds"]
    assert (total["before"], total["after"], total["ratio"]) == (100.0, 125.0, 1.25)
    assert ("performance", "phase_times.n") in by_figure
    assert {family for family, _ in by_figure} == {"performance", "autonomy", "quality", "workflow"}
    assert not any(figure == "id" for _, figure in by_figure)


def test_runs_at_one_moment_are_told_apart(made: Made, reader: peewee.SqliteDatabase) -> None:
    """The later stored is the newer."""
    for run_id in ("one", "two"):
        benchmark(made, HOUR, run_id, 1.0, project_name="p", benchmark_name="b")
    (row,) = asked(reader, "benchmarks")
    assert (row["newest_run"], row["previous_run"]) == ("two", "one")


def test_a_window_has_its_own_newest_run(made: Made, reader: peewee.SqliteDatabase) -> None:
    """The one before it may lie before the window."""
    for n, run_id in enumerate(("third", "second", "first")):
        benchmark(made, n * HOUR, run_id, 1.0, project_name="p", benchmark_name="b")
    window = Window(made.now_ms - HOUR, made.now_ms)
    (row,) = asked(reader, "benchmarks", window)
    assert (row["newest_run"], row["previous_run"], row["count"]) == ("second", "first", 1)


def test_a_benchmark_without_figures_has_none(made: Made, reader: peewee.SqliteDatabase) -> None:
    """Its runs are counted all the same."""
    none = dict.fromkeys(("performance", "autonomy", "quality", "workflow"))
    for run_id in ("a", "b"):
        benchmark(made, HOUR, run_id, 0.0, project_name="p", benchmark_name="b", **none)
    (row,) = asked(reader, "benchmarks")
    assert (row["count"], row["avg_ms"], row["changes"]) == (2, None, [])


def test_figures_that_only_one_run_has_are_compared_with_nothing() -> None:
    """And there is no ratio to nothing, to zero, or of texts and truths."""
    before = {"performance": {"id": 1, "a": 2, "gone": 1, "doc": {"x": 0, "deep": {"y": 4}}, "text": "t"}}
    after = {
        "performance": {"id": 2, "a": 3, "doc": {"x": 5, "deep": {"y": 1}}, "truth": True},
        "quality": {"new": 7},
    }
    assert [tuple(row.values()) for row in compared(before, after)] == [
        ("performance", "a", 2, 3, 1.5),
        ("performance", "gone", 1, None, None),
        ("performance", "doc.x", 0, 5, None),
        ("performance", "doc.deep.y", 4, 1, 0.25),
        ("quality", "new", None, 7, None),
    ]


def test_an_unknown_topic_is_a_key_error(reader: peewee.SqliteDatabase) -> None:
    """The command looks before it asks."""
    with pytest.raises(KeyError):
        asked(reader, "nothing")
