"""What can get slower: each workload, operation, model, skill and benchmark figure, and the canary.

A subject is one figure over time. `collector.answers.found` says what a change of one is.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from collector.orm import select

if TYPE_CHECKING:
    from collector.orm import peewee

SubjectKind = Literal["workload", "operation", "inference", "skill", "benchmark", "canary"]

# The kind of a workload that does the same work everywhere and for ever.
CANARY = "reference"
# What tells two statements apart that begin alike; as many characters as `collector slow` shows.
HASH_CHARACTERS = 8
# Of fewer runs than this nothing can be said; and from so many after it on a change is sure.
ENOUGH_RUNS = 8
_TEXT_CHARACTERS = 80
# Of more new rows than this the names come from an index, where there is one, or from the newest.
_MOST_READ = 20_000


@dataclass(frozen=True, slots=True)
class Subject:
    """One figure that can change: what it is of, and the column it stands in.

    ``name`` is what people see, such as ``unit-tests`` or ``llama3.1:8b · chat``; ``unit`` that of the
    figure (``ms``, ``s``, ``1/s``). ``higher_is_better`` is true of rates. ``key`` are the values that its
    rows have in the key columns of their table: a fingerprint, or a model and a task.
    """

    kind: SubjectKind
    name: str
    metric: str
    unit: str = "ms"
    higher_is_better: bool = False
    key: tuple[str, ...] = ()


# Of each figure its unit, and whether more of it is better.
METRICS: dict[str, tuple[str, bool]] = {
    "wall_ms": ("ms", False),
    "duration_ms": ("ms", False),
    "tokens_per_second": ("1/s", True),
    "inference_time": ("s", False),
    "execution_ms": ("ms", False),
    "total_time_seconds": ("s", False),
    "api_calls_cost": ("", False),
}


def subject(kind: SubjectKind, name: str, metric: str, *key: str) -> Subject:
    """A subject with what is known of its figure."""
    unit, higher_is_better = METRICS[metric]
    return Subject(kind, name, metric, unit, higher_is_better, key)


@dataclass(frozen=True, slots=True)
class Point:
    """One run of a subject, or a stretch of many: when (ms), its figure, and what it was made of.

    ``rows`` are how many executions stand behind it. ``noisy``: the machine was too busy for the figure to
    be trusted.
    """

    timestamp: int
    value: float
    rows: int = 1
    noisy: bool = False
    commit: str | None = None


@dataclass(frozen=True, slots=True)
class News:
    """Rows of a table that nobody has looked at: those behind number ``after``, up to number ``upto``."""

    table: str
    after: int
    upto: int

    @property
    def are_many(self) -> bool:
        """Whether it is cheaper to ask an index for all names than to read these rows."""
        return self.upto - self.after > _MOST_READ

    @property
    def newest(self) -> tuple[int, int]:
        """The row numbers to read: all of them, or the newest where there are many."""
        return max(self.after, self.upto - _MOST_READ), self.upto


def of_news(database: peewee.SqliteDatabase, news: News) -> list[Subject]:
    """The subjects of which these rows tell something new; of a row that is gone by now perhaps too."""
    return list(_OF_TABLE[news.table](database, news))


def _workloads(database: peewee.SqliteDatabase, news: News) -> Iterator[Subject]:
    if news.are_many:
        names = _indexed(database, "workload", "workload_runs")
    else:
        sql = "SELECT DISTINCT workload FROM workload_runs NOT INDEXED WHERE id > ? AND id <= ?"
        names = [name for (name,) in select(database, sql, news.after, news.upto)]
    newest = "SELECT workload_kind FROM workload_runs WHERE workload = ? ORDER BY timestamp DESC LIMIT 1"
    for name in names:
        is_canary = select(database, newest, name) == [(CANARY,)]
        yield subject("canary" if is_canary else "workload", name, "wall_ms", name)


def _operations(database: peewee.SqliteDatabase, news: News) -> Iterator[Subject]:
    sql = """
        SELECT DISTINCT query_hash, iif(query_hash IS NULL, metric_type, ''),
        iif(query_hash IS NULL, metric_name, '')
        FROM operation_metrics NOT INDEXED WHERE id > ? AND id <= ?
    """
    found = select(database, sql, *news.newest)
    hashes = {query_hash for query_hash, _, _ in found if query_hash is not None}
    if news.are_many:
        hashes.update(_indexed(database, "query_hash", "operation_metrics"))
    yield from _statements(database, sorted(hashes))
    for query_hash, metric_type, metric_name in found:
        if query_hash is None:
            name = f"{metric_name} · {metric_type}"
            yield subject("operation", name, "duration_ms", metric_type, metric_name)


def _statements(database: peewee.SqliteDatabase, hashes: list[str]) -> Iterator[Subject]:
    sql = "SELECT query_hash, text FROM queries WHERE query_hash IN (SELECT value FROM json_each(?))"
    texts = dict(select(database, sql, json.dumps(hashes)))
    for query_hash in hashes:
        name = statement_name(query_hash, texts.get(query_hash))
        yield subject("operation", name, "duration_ms", query_hash)


def statement_name(query_hash: str, text: str | None) -> str:
    """What people see of a fingerprint: how its text begins, and what tells it from others."""
    if not text:
        return query_hash
    begins = " ".join(text.split())
    if len(begins) > _TEXT_CHARACTERS:
        begins = f"{begins[: _TEXT_CHARACTERS - 1]}…"
    return f"{begins} · {query_hash[:HASH_CHARACTERS]}"


def _inferences(database: peewee.SqliteDatabase, news: News) -> Iterator[Subject]:
    """How long an answer takes follows from its length, so where there are tokens it is their rate."""
    sql = """
        SELECT DISTINCT model_name, task_type, output_tokens > 0
        FROM inference_metrics NOT INDEXED WHERE id > ? AND id <= ?
    """
    for model, task, has_tokens in select(database, sql, *news.newest):
        metric = "tokens_per_second" if has_tokens else "inference_time"
        yield subject("inference", f"{model} · {task}", metric, model, task)


def _skills(database: peewee.SqliteDatabase, news: News) -> Iterator[Subject]:
    if news.are_many:
        names = _indexed(database, "skill_id", "skill_metrics")
    else:
        sql = "SELECT DISTINCT skill_id FROM skill_metrics NOT INDEXED WHERE id > ? AND id <= ?"
        names = [name for (name,) in select(database, sql, news.after, news.upto)]
    for name in names:
        yield subject("skill", name, "execution_ms", name)


def _benchmarks(database: peewee.SqliteDatabase, news: News) -> Iterator[Subject]:
    sql = """
        SELECT DISTINCT project_name, benchmark_name
        FROM benchmark_performance AS figures JOIN benchmark_runs USING (run_id)
        WHERE figures.id > ? AND figures.id <= ?
    """
    for project, benchmark in select(database, sql, news.after, news.upto):
        for metric in ("total_time_seconds", "api_calls_cost"):
            yield subject("benchmark", f"{project} · {benchmark}", metric, project, benchmark)


def _indexed(database: peewee.SqliteDatabase, column: str, table: str) -> Iterable[str]:
    """All values of a column, each with one step into its index instead of a walk along it."""
    sql = f"""
        WITH RECURSIVE names(name) AS (
            SELECT min({column}) FROM {table} WHERE {column} IS NOT NULL
            UNION ALL
            SELECT (SELECT min({column}) FROM {table} WHERE {column} > names.name)
            FROM names WHERE names.name IS NOT NULL
        )
        SELECT name FROM names WHERE name IS NOT NULL
    """  # noqa: S608  # only names of ours
    return [name for (name,) in select(database, sql)]


_OF_TABLE: dict[str, Callable[[Any, News], Iterator[Subject]]] = {
    "workload_runs": _workloads,
    "operation_metrics": _operations,
    "inference_metrics": _inferences,
    "skill_metrics": _skills,
    "benchmark_performance": _benchmarks,
}
TABLES = tuple(_OF_TABLE)
