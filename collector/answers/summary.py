"""Summaries: how often, how long, how many failed; by model, skill, operation, user, pool, benchmark.

Up to 100,000 rows are looked at one by one, and the percentiles are exact. Above that, full stretches
are taken from their digests, whose percentiles lie within 1 %; counts, sums and bounds stay exact.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from collector import sketch
from collector.answers.cached import Noted
from collector.answers.percentiles import percentile
from collector.answers.timed import Row
from collector.orm import peewee
from collector.store import digests
from collector.store.digests import Digest, Figures, Key
from collector.store.seen import Ends, ends
from collector.store.stretches import Kept, covering, loose
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


# Windows, and what is known of each.
Parts = Sequence[tuple[Window, dict[Key, Figures]]]


def summary(
    database: peewee.SqliteDatabase,
    topic: Topic,
    window: Window = Window(),
    noted: Noted | None = None,
    limit: int | None = None,
) -> list[Row]:
    """One row a key: its columns, ``count`` and so on as DESIGN's `--json` has them.

    The most frequent keys come first, at most ``limit`` of them. What it used of the query cache, and
    what should go there, is told in ``noted``.
    """
    (keys,) = collected(database, topic, [window], Noted() if noted is None else noted)
    ordered = sorted(keys.items(), key=lambda item: (-item[1].count, item[0]))
    return [_row(topic, key, figures) for key, figures in ordered[:limit]]


def collected(
    database: peewee.SqliteDatabase, topic: Topic, windows: Sequence[Window], noted: Noted
) -> list[dict[Key, Figures]]:
    """What is known of each key, window by window; no two of them may overlap."""
    parts: Parts = [(window, {}) for window in windows]
    found = ends(database, topic.table)
    if found is not None and _few(found):
        _add_rows(database, topic, parts, found)
    elif found is not None:
        _add_stretches(database, topic, parts, found, noted)
    return [keys for _, keys in parts]


def is_exact(database: peewee.SqliteDatabase, topic: Topic) -> bool:
    """Whether percentiles of this topic are exact at present."""
    found = ends(database, topic.table)
    return found is None or _few(found)


def _few(among: Ends) -> bool:
    return among.high - among.low < EXACT_ROWS


def _add_stretches(
    database: peewee.SqliteDatabase, topic: Topic, parts: Parts, among: Ends, noted: Noted
) -> None:
    """Full stretches by their digests, where no window cuts them, and the rows around them."""
    kept = Kept(database, topic)
    todo = list(covering(among))
    while todo:
        stretch = todo.pop()
        digest = kept.digest(stretch)
        touched = [part for part in parts if digest is None or not part[0].misses(digest)]
        if digest is not None and len(touched) == 1 and touched[0][0].holds(digest):
            digests.add(topic, touched[0][1], digest)
        elif touched and stretch.level:
            todo += stretch.parts
        elif touched:
            _add_rows(database, topic, touched, stretch.ends)
    noted.hits += kept.hits
    noted.made += kept.made
    for rows in loose(among):
        _add_rows(database, topic, parts, rows)


def _add_rows(database: peewee.SqliteDatabase, topic: Topic, parts: Parts, among: Ends) -> None:
    """Rows whose times are kept as they are."""
    execute: Any = database.execute_sql
    for window, keys in parts:
        rows = execute(digests.rows_statement(topic), (*among, window.since_ms, window.until_ms))
        for key, figures in digests.of_keys(topic, rows):
            digests.into(topic, keys, key, figures)


def _row(topic: Topic, key: Key, figures: Figures) -> Row:
    row: Row = dict(zip(topic.keys, key, strict=True))
    row["count"] = figures.count
    if topic.failed != "NULL":
        row["failure_rate"] = figures.failed / figures.judged if figures.judged else None
    row["avg_ms"] = figures.total / figures.timed if figures.timed else None
    row["min_ms"], row["max_ms"] = figures.low, figures.high
    row["p50_ms"], row["p95_ms"], row["p99_ms"] = percentiles(figures)
    return row | dict(_further(topic, figures))


def percentiles(figures: Figures) -> list[float | None]:
    """The 50th, 95th and 99th of a key."""
    buckets = figures.sketched()
    if not buckets:
        values = sorted(figures.values)
        return [percentile(values, fraction) for fraction in FRACTIONS]
    sketch.add(buckets, figures.values)
    found = sketch.percentiles(buckets, FRACTIONS)
    low, high = figures.low or 0.0, figures.high or 0.0
    return [None if value is None else min(max(value, low), high) for value in found]


def _further(topic: Topic, figures: Figures) -> Iterator[tuple[str, Any]]:
    more = iter(figures.more)
    for name in topic.means:
        count, total = next(more), next(more)
        yield name, total / count if count else None
    for name in topic.sums:  # of whole numbers, though SQLite gives a float that cannot overflow
        yield name, int(next(more))
    yield from zip(topic.highs, more, strict=True)
