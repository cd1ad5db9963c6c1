"""Digests: what a summary keeps of each full stretch of a table, so that it need not read it again.

Rows are only ever added, so a full stretch changes no more, unless somebody updates or deletes; then
its digest is taken out of the cache (see `collector.store.cache`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import groupby
from operator import itemgetter
from typing import Any

import msgspec

from collector import sketch
from collector.sketch import Buckets
from collector.store.topics import Topic

# Raised whenever what a digest holds, or how it is worked out, changes.
VERSION = 2

Key = tuple[str, ...]


@dataclass(slots=True)
class Figures:
    """What is known of one key: counts, the times in sketch or one by one, and the further columns.

    ``more`` are (count, sum) of the means, then the sums, then the highs, in the topic's order.
    """

    count: int = 0
    timed: int = 0
    judged: int = 0
    failed: int = 0
    total: float = 0.0
    low: float | None = None
    high: float | None = None
    more: list[Any] = field(default_factory=list)
    buckets: Buckets = field(default_factory=dict)
    # Sketches that are yet to be added: it is done only for the keys that somebody wants to see.
    packed: list[tuple[list[int], list[int]]] = field(default_factory=list)
    values: list[float] = field(default_factory=list)

    def sketched(self) -> Buckets:
        """The sketch of all times but those in ``values``."""
        packed, self.packed = self.packed, []
        for buckets, counts in packed:
            sketch.merge(self.buckets, zip(buckets, counts, strict=True))
        return self.buckets


@dataclass(slots=True)
class Digest:
    """All keys of one stretch, and the first and last moment in it."""

    first_ms: int
    last_ms: int
    keys: dict[Key, Figures]


def nothing() -> Digest:
    """The digest of no row."""
    return Digest(1 << 62, 0, {})


def statement(topic: Topic) -> str:
    """SQL that works out the digest of the rows between two row numbers, a row per key and bucket."""
    keys = ", ".join(topic.keys)
    return (
        f"SELECT {keys}, {sketch.bucket_sql(topic.value)} AS bucket, {_figures(topic)}"  # noqa: S608  # only words of ours
        f" FROM {topic.source} WHERE {topic.table}.rowid BETWEEN ? AND ? AND {topic.where}"
        f" GROUP BY {keys}, bucket ORDER BY {keys}"
    )


def rows_statement(topic: Topic) -> str:
    """SQL for the rows between two row numbers and two moments, as `by_key` has them."""
    return (
        f"SELECT {by_key(topic)} FROM {topic.source}"  # noqa: S608  # only words of ours
        f" WHERE {topic.table}.rowid BETWEEN ? AND ? AND {topic.moment} >= ? AND {topic.moment} < ?"
        f" AND {topic.where} GROUP BY {', '.join(topic.keys)}"
    )


def by_key(topic: Topic) -> str:
    """SQL of a row a key: the key, its times one by one as JSON, its figures. For `of_keys`.

    Brought together by SQLite, since each row that Python sees costs more than all the rest of it.
    """
    times = f"json_group_array({topic.value}) FILTER (WHERE {topic.value} IS NOT NULL)"
    return f"{', '.join(topic.keys)}, {times}, {_figures(topic)}"


def _figures(topic: Topic) -> str:
    value = topic.value
    wanted = [
        f"min({topic.moment})", f"max({topic.moment})", "count(*)", f"count({value})",
        f"count({topic.failed})", f"total({topic.failed})", f"total({value})", f"min({value})",
        f"max({value})",
    ]  # fmt: skip
    for mean in topic.means.values():
        wanted += [f"count({mean})", f"total({mean})"]
    wanted += [f"total({column})" for column in topic.sums.values()]
    wanted += [f"max({column})" for column in topic.highs.values()]
    return ", ".join(wanted)


def of_keys(topic: Topic, rows: Iterable[tuple[Any, ...]]) -> Iterator[tuple[Key, Figures]]:
    """The figures in the rows of `by_key`; the times are kept as they are."""
    for key, times, _, part in _read(topic, rows):
        part.values = _TIMES.decode(times)
        yield key, part


_TIMES = msgspec.json.Decoder(list[float])


def _read(
    topic: Topic, rows: Iterable[tuple[Any, ...]]
) -> Iterator[tuple[Key, Any, tuple[int, int], Figures]]:
    """Of each row the key, what stands behind it, the first and last moment, and the figures."""
    width = len(topic.keys)
    for row in rows:
        first, last, count, timed, judged, failed, total, low, high, *more = row[width + 1 :]
        part = Figures(count, timed, judged, int(failed), total, low, high, more)
        yield tuple(map(str, row[:width])), row[width], (first, last), part


def join(topic: Topic, whole: Digest, part: Digest) -> None:
    """Add one digest to another; the second must not be used after this."""
    whole.first_ms, whole.last_ms = min(whole.first_ms, part.first_ms), max(whole.last_ms, part.last_ms)
    add(topic, whole.keys, part)


def add(topic: Topic, keys: dict[Key, Figures], part: Digest) -> None:
    """Add all keys of a digest; it may be taken over, and must not be used after this."""
    for key, figures in part.keys.items():
        into(topic, keys, key, figures)


def into(topic: Topic, keys: dict[Key, Figures], key: Key, part: Figures) -> None:
    """Add what is known of a key to what is known already; ``part`` itself where that is nothing."""
    whole = keys.setdefault(key, part)
    if whole is part:
        return
    whole.count += part.count
    whole.timed += part.timed
    whole.judged += part.judged
    whole.failed += part.failed
    whole.total += part.total
    whole.low = _of(min, whole.low, part.low)
    whole.high = _of(max, whole.high, part.high)
    sums = 2 * len(topic.means) + len(topic.sums)
    for i, value in enumerate(part.more):
        whole.more[i] = whole.more[i] + value if i < sums else _of(max, whole.more[i], value)
    sketch.merge(whole.buckets, part.buckets.items())
    whole.packed += part.packed
    whole.values += part.values


def _of(choose: Any, one: Any, other: Any) -> Any:
    return other if one is None else one if other is None else choose(one, other)


def dump_rows(topic: Topic, rows: Iterable[tuple[Any, ...]]) -> str:
    """The JSON that is kept of the digest that the rows of `statement` make.

    Rows of one key come together, so never more than one key is held: of a stretch in which each row has a
    name of its own the digest is some twenty times as large as its text.
    """
    first_ms, last_ms, text = 1 << 62, 0, bytearray()
    for key, parts in groupby(_read(topic, rows), itemgetter(0)):
        keys: dict[Key, Figures] = {}
        for _, bucket, (first, last), part in parts:
            first_ms, last_ms = min(first_ms, first), max(last_ms, last)
            if bucket is not None:
                part.buckets[bucket] = part.timed
            into(topic, keys, key, part)
        text += b"," if text else b""
        text += _encoded(key, keys[key])
    return f"[{first_ms},{last_ms},[{text.decode()}]]"


def _encoded(key: Key, figures: Figures) -> bytes:
    return msgspec.json.encode([*key, *_kept(figures)])


def dump(digest: Digest) -> str:
    """A digest as the JSON that is kept."""
    # Key by key: all of them as lists at once would take three times the memory of their text.
    keys = b",".join(_encoded(key, figures) for key, figures in digest.keys.items())
    return f"[{digest.first_ms},{digest.last_ms},[{keys.decode()}]]"


def _kept(f: Figures) -> Iterator[Any]:
    yield from (f.count, f.timed, f.judged, f.failed, f.total, f.low, f.high, f.more)
    yield list(f.sketched())
    yield list(f.buckets.values())


def load(topic: Topic, text: str) -> Digest:
    """A digest from the JSON that was kept. Raises ValueError when it is none of this topic."""
    width, further = len(topic.keys), 2 * len(topic.means) + len(topic.sums) + len(topic.highs)
    try:
        first, last, keys = _decoder(width).decode(text)
    except (msgspec.DecodeError, UnicodeEncodeError) as error:
        raise ValueError(f"no digest: {error}") from error
    digest = Digest(first, last, {})
    for row in keys:
        count, timed, judged, failed, total, low, high, more, buckets, counts = row[width:]
        if len(more) != further or len(buckets) != len(counts):
            raise ValueError(f"no digest of {topic.name}")
        part = Figures(count, timed, judged, failed, total, low, high, more, packed=[(buckets, counts)])
        into(topic, digest.keys, tuple(row[:width]), part)
    return digest


@lru_cache
def _decoder(width: int) -> msgspec.json.Decoder[Any]:
    """Of digests with so many names in a key."""
    number = int | float | None
    figures = (int, int, int, int, float, number, number, list[number], list[int], list[int])
    row: Any = tuple[(*(str,) * width, *figures)]  # type: ignore[misc]  # its length is the topic's
    return msgspec.json.Decoder(tuple[int, int, list[row]])
