"""Summaries: how often, how long, how many failed; by model, skill, operation, user, pool, benchmark.

Up to 100,000 rows are looked at one by one, and the percentiles are exact. Above that, full stretches
are taken from their digests, whose percentiles lie within 1 %; counts, sums and bounds stay exact.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from collector import sketch
from collector.answers.cached import Noted
from collector.answers.percentiles import percentile
from collector.answers.timed import Row, ask_sql
from collector.orm import peewee, select
from collector.store import digests
from collector.store.cache import Entry
from collector.store.digests import Digest, Figures, Key
from collector.store.topics import Topic

EXACT_ROWS = 100_000
FRACTIONS = (0.5, 0.95, 0.99)
EVER = 1 << 62


@dataclass(frozen=True)
class Window:
    """From when (included) to when (not included), in milliseconds since the epoch."""

    since_ms: int = 0
    until_ms: int = EVER

    def holds(self, digest: Digest) -> bool:
        """Whether all of a digest lies in it."""
        return self.since_ms <= digest.first_ms and digest.last_ms < self.until_ms

    def misses(self, digest: Digest) -> bool:
        """Whether nothing of a digest lies in it."""
        return digest.last_ms < self.since_ms or self.until_ms <= digest.first_ms


def summary(
    database: peewee.SqliteDatabase, topic: Topic, window: Window = Window(), noted: Noted | None = None
) -> list[Row]:
    """One row a key, the most often first: its columns, ``count`` and so on as DESIGN's `--json` has them.

    What it used of the query cache, and what should go there, is told in ``noted``.
    """
    noted = Noted() if noted is None else noted
    ((low, high),) = select(database, f"SELECT min(rowid), max(rowid) FROM {topic.base}")  # noqa: S608  # only words of ours
    if low is None:
        return []
    keys: dict[Key, Figures] = {}
    if high - low < EXACT_ROWS:
        _add_rows(database, topic, window, low, high, keys)
    else:
        _add_stretches(database, topic, window, (low, high), keys, noted)
    rows = [_row(topic, key, figures) for key, figures in keys.items()]
    return sorted(rows, key=lambda row: (-row["count"], *(row[key] for key in topic.keys)))


def _add_stretches(
    database: peewee.SqliteDatabase,
    topic: Topic,
    window: Window,
    ends: tuple[int, int],
    keys: dict[Key, Figures],
    noted: Noted,
) -> None:
    low, high = ends
    kept = _kept(database, topic)
    for stretch in range(low // digests.STRETCH, high // digests.STRETCH + 1):
        first = stretch * digests.STRETCH
        last = first + digests.STRETCH - 1
        name = digests.cache_key(topic, stretch)
        if last > high:  # not full yet
            _add_rows(database, topic, window, first, high, keys)
            continue
        if name in kept:
            noted.hits.append(name)
            digest = digests.load(topic, kept[name])
        else:
            entry, digest = _made(database, topic, first, last, name)
            noted.made.append(entry)
        if window.holds(digest):
            for key, figures in digest.keys.items():
                digests.into(topic, keys, key, figures)
        elif not window.misses(digest):
            _add_rows(database, topic, window, first, last, keys)


def _kept(database: peewee.SqliteDatabase, topic: Topic) -> dict[str, str]:
    start = digests.prefix(topic)
    rows = ask_sql(
        database,
        f"summary.{topic.name}.digests",
        "SELECT cache_key, cached_data FROM query_cache WHERE cache_key >= ? AND cache_key < ?",
        start,
        start + "~",
    )
    return {row["cache_key"]: row["cached_data"] for row in rows}


def _made(
    database: peewee.SqliteDatabase, topic: Topic, first: int, last: int, name: str
) -> tuple[Entry, Digest]:
    began = time.perf_counter()
    digest = digests.of_rows(topic, select(database, digests.statement(topic), first, last))
    data = digests.dump(digest)
    took_ms = (time.perf_counter() - began) * 1000
    return Entry(name, data, (topic.base,), took_ms, f"summary {topic.name}"), digest


def _add_rows(
    database: peewee.SqliteDatabase, topic: Topic, window: Window, first: int, last: int,
    keys: dict[Key, Figures],
) -> None:  # fmt: skip
    """Rows one by one, as they come from SQLite; the times are kept as they are."""
    width = len(topic.keys)
    means, sums = len(topic.means), len(topic.sums)
    grouped: dict[tuple[Any, ...], list[tuple[Any, ...]]] = {}
    execute: Any = database.execute_sql
    for row in execute(digests.rows_statement(topic), (first, last, window.since_ms, window.until_ms)):
        grouped.setdefault(row[:width], []).append(row[width:])
    for key, rows in grouped.items():
        times, failures, *further = zip(*rows, strict=True)
        values = [value for value in times if value is not None]
        judged = [failed for failed in failures if failed is not None]
        more: list[Any] = []
        for column in further[:means]:
            given = [value for value in column if value is not None]
            more += [len(given), sum(given)]
        more += [
            sum(value for value in column if value is not None) for column in further[means : means + sums]
        ]
        more += [
            max((v for v in column if v is not None), default=None) for column in further[means + sums :]
        ]
        part = Figures(
            len(rows), len(values), len(judged), sum(judged), sum(values),
            min(values, default=None), max(values, default=None), more, {}, values,
        )  # fmt: skip
        digests.into(topic, keys, tuple(map(str, key)), part)


def _row(topic: Topic, key: Key, figures: Figures) -> Row:
    row: Row = dict(zip(topic.keys, key, strict=True))
    row["count"] = figures.count
    if topic.failed != "NULL":
        row["failure_rate"] = figures.failed / figures.judged if figures.judged else None
    row["avg_ms"] = figures.total / figures.timed if figures.timed else None
    row["min_ms"], row["max_ms"] = figures.low, figures.high
    row["p50_ms"], row["p95_ms"], row["p99_ms"] = _percentiles(figures)
    return row | dict(_further(topic, figures))


def _percentiles(figures: Figures) -> list[float | None]:
    if not figures.buckets:
        values = sorted(figures.values)
        return [percentile(values, fraction) for fraction in FRACTIONS]
    sketch.add(figures.buckets, figures.values)
    found = sketch.percentiles(figures.buckets, FRACTIONS)
    low, high = figures.low or 0.0, figures.high or 0.0
    return [None if value is None else min(max(value, low), high) for value in found]


def _further(topic: Topic, figures: Figures) -> Iterator[tuple[str, Any]]:
    more = iter(figures.more)
    for name in topic.means:
        count, total = next(more), next(more)
        yield name, total / count if count else None
    yield from zip((*topic.sums, *topic.highs), more, strict=True)
