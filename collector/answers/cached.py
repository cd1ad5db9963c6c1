"""The query cache in front of answers that are dear: keyed by the question and by the data it saw.

Whoever answers can only read. So what was used and what was made is noted, and told to the writer
afterwards (see `collector.keep`).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import msgspec

from collector.answers.timed import Row
from collector.orm import peewee, select
from collector.store import cache
from collector.store.cache import Entry, key_hash
from collector.store.seen import changes, ends


@dataclass
class Noted:
    """What an answer took from the query cache, and what it made that is worth keeping there."""

    hits: list[str] = field(default_factory=list)
    made: list[Entry] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.hits or self.made)


def through(
    database: peewee.SqliteDatabase,
    question: str,
    tables: tuple[str, ...],
    make: Callable[[], list[Row]],
    noted: Noted,
) -> list[Row]:
    """The answer to ``question`` over ``tables``: kept from the last time, or made now.

    Only what took longer than 50 ms is kept. A row more in one of the tables is another key, and so is a
    row changed or deleted, which takes the old entry out by its tags.
    """
    key = f"{question} saw {' '.join(_saw(database, table) for table in tables)}"
    if (kept := _kept(database, key)) is not None:
        noted.hits.append(key)
        return kept
    began = time.perf_counter()
    rows = make()
    took_ms = (time.perf_counter() - began) * 1000
    if took_ms > cache.WORTH_MS:
        noted.made.append(Entry(key, msgspec.json.encode(rows).decode(), tables, took_ms, question))
    return rows


def _kept(database: peewee.SqliteDatabase, key: str) -> list[Row] | None:
    """The answer under a key; None when there is none, or what is there cannot be read."""
    found = select(database, "SELECT cached_data FROM query_cache WHERE cache_key_hash = ?", key_hash(key))
    try:
        return msgspec.json.decode(found[0][0], type=list[Row]) if found else None
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        return None  # what is made now takes its place


def _saw(database: peewee.SqliteDatabase, table: str) -> str:
    """Changes first: whatever is changed after this is not what the answer has to be kept under."""
    count, found = changes(database, table), ends(database, table)
    return f"{table} {found.low if found else 0}-{found.high if found else 0} after {count} changes"
