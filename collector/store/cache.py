"""The query cache as the writer keeps it: answers in, hits counted, old ones out.

Each step runs in the writer, on its connection. Keys are found by their SHA-256.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

import msgspec

from collector.lean import CRYPTO, without

with without(*CRYPTO):  # OpenSSL's own costs the daemon 4 MB
    import hashlib

if TYPE_CHECKING:
    from collector.sqlite import sqlite3

Step = Callable[["sqlite3.Connection"], int]

CLEAN_SECONDS = 3600.0
DAY_MS = 86_400_000
KEEP_MS = 90 * DAY_MS
# A whole answer is of use until a row comes in, a digest for as long as its rows stay.
WHOLE_MS = DAY_MS
# Hits, or entries, that are told at once.
MOST_TOLD = 1_000
# What took less is made again sooner than it is looked up, kept and taken out.
WORTH_MS = 50.0
MOST_CLEANED = 500  # entries a step
NEVER_MS = 253_402_300_799_999  # the end of the year 9999, the last moment that a column may hold

# The names first: they are read from the index of tags, and not from among the answers.
_FORGET = """
    DELETE FROM query_cache WHERE id IN (
        SELECT id FROM query_cache WHERE EXISTS (SELECT 1 FROM json_each(tags) WHERE value = ?)
        AND cache_key NOT GLOB ?
    )
"""
_COUNT_CHANGE = """
    INSERT INTO query_cache (
        cache_key, cache_key_hash, cached_data, data_size, tags, created_at, expires_at, last_accessed,
        access_count, generation_time_ms, hit_count
    ) VALUES (?, ?, 'null', 4, '[]', unixepoch() * 1000, ?, unixepoch() * 1000, 1, 0, 0)
    ON CONFLICT (cache_key) DO UPDATE SET
        access_count = access_count + 1, last_accessed = excluded.last_accessed
"""


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An answer worth keeping. ``tags`` are the tables it was made of; ``data`` is JSON text."""

    key: str
    data: str
    tags: tuple[str, ...]
    made_ms: float
    question: str = ""

    @property
    def saw(self) -> str:
        """What the key of a whole answer begins with; that of a digest does not."""
        return f"{self.question} saw "

    @property
    def is_whole(self) -> bool:
        """Whether it is all of an answer, which it is until a row comes in."""
        return bool(self.question) and self.key.startswith(self.saw)


_REMEMBER = """
    INSERT INTO query_cache (
        cache_key, cache_key_hash, cached_data, data_size, query_hash, tags,
        created_at, expires_at, last_accessed, access_count, generation_time_ms, hit_count
    ) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 1, ?, 0)
    ON CONFLICT (cache_key) DO UPDATE SET
        cached_data = excluded.cached_data, data_size = excluded.data_size,
        created_at = excluded.created_at, expires_at = excluded.expires_at,
        last_accessed = excluded.last_accessed, access_count = access_count + 1,
        generation_time_ms = excluded.generation_time_ms
"""

# Found by the index of keys. The highest of ASCII's letters stands behind every name of a table.
_FORGET_OLDER = """
    DELETE FROM query_cache WHERE cache_key >= ? AND cache_key < ? AND query_hash = ? AND cache_key <> ?
"""


def _row(entry: Entry, now_ms: int) -> tuple[object, ...]:
    return (
        entry.key,
        key_hash(entry.key),
        entry.data,
        len(entry.data.encode()),
        key_hash(entry.question) if entry.question else None,
        json.dumps(entry.tags),
        now_ms,
        now_ms + (WHOLE_MS if entry.is_whole else KEEP_MS),
        now_ms,
        round(entry.made_ms),
    )


def key_hash(key: str) -> str:
    """How an entry is found: SHA-256 of its key, in hex."""
    return hashlib.sha256(key.encode()).hexdigest()


def remember(entries: Sequence[Entry], hits: Iterable[str], now_ms: int) -> Step:
    """Keep answers, and count those that were used; returns how many were kept.

    A whole answer takes the place of older ones to the same question: nobody asks for what they saw.
    """

    def step(conn: sqlite3.Connection) -> int:
        for entry in entries:
            if entry.is_whole:
                conn.execute(_FORGET_OLDER, (entry.saw, entry.saw + "~", key_hash(entry.question), entry.key))
            conn.execute(_REMEMBER, _row(entry, now_ms))
        conn.executemany(
            "UPDATE query_cache SET hit_count = hit_count + 1, access_count = access_count + 1,"
            " last_accessed = ? WHERE cache_key_hash = ?",
            [(now_ms, key_hash(key)) for key in hits],
        )
        return len(entries)

    return step


def clean(now_ms: int) -> Step:
    """Take out what has expired, some hundred entries a step; returns how many went."""

    def step(conn: sqlite3.Connection) -> int:
        cursor = conn.execute(
            "DELETE FROM query_cache WHERE id IN"
            " (SELECT id FROM query_cache WHERE expires_at < ? ORDER BY expires_at LIMIT ?)",
            (now_ms, MOST_CLEANED),
        )
        return int(cursor.rowcount)

    return step


def forget(tag: str, besides: str = "") -> Step:
    """Take out all that was made of a table, and count the change; returns how many went.

    What is called as the pattern ``besides`` says stays. Somebody may be at work on an answer that still
    saw the rows as they were, and have it kept after this. It goes under a name with the count of before
    (see `changes`), which nobody asks for again.
    """

    def step(conn: sqlite3.Connection) -> int:
        cursor = conn.execute(_FORGET, (tag, besides))
        count(conn, changes_key(tag))
        return int(cursor.rowcount)

    return step


def forget_between(conn: sqlite3.Connection, first: str, behind: str) -> int:
    """Take out all whose keys lie from ``first`` to before ``behind``; returns how many went."""
    cursor = conn.execute("DELETE FROM query_cache WHERE cache_key >= ? AND cache_key < ?", (first, behind))
    return int(cursor.rowcount)


def count(conn: sqlite3.Connection, key: str) -> None:
    """Count one more change under a key of `changes_key` or of `stretch_key`."""
    conn.execute(_COUNT_CHANGE, (key, key_hash(key), NEVER_MS))


def changes_key(table: str) -> str:
    """Under which name it is counted how often rows of a table were changed or deleted."""
    return f"changes of {table}"


def stretch_key(table: str, number: int) -> str:
    """The same of one stretch of its row numbers."""
    return f"{stretches_key(table)}{number:08d}"


def stretches_key(table: str) -> str:
    """What the keys of all its stretches begin with."""
    return f"{changes_key(table)} in stretch "
