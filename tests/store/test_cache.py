"""The query cache in the writer: answers in, hits counted, old ones out, some hundred at a time."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from collector.records.base import KINDS
from collector.store import cache
from collector.store.cache import Entry
from tests.conftest import START, Store

NOW = START.wall_ms


def entry(key: str = "how many?", **given: Any) -> Entry:
    """An answer made of skills."""
    return Entry(**{"key": key, "data": '["ü"]', "tags": ("skill_metrics",), "made_ms": 81.6, **given})


def row(store: Store, key: str = "how many?") -> dict[str, Any]:
    """What is kept under a key."""
    names = [column.column_name for column in KINDS["cache"].columns]
    ((*values,),) = store.rows(f"SELECT {', '.join(names)} FROM query_cache WHERE cache_key = ?", key)
    return dict(zip(names, values, strict=True))


def test_an_answer_is_kept_with_all_that_belongs_to_it(store: Store) -> None:
    """Found by the SHA-256 of its key; what it cost, when it ends, and which tables it was made of."""
    assert cache.remember([entry(question="q")], [], NOW)(store.conn) == 1
    assert row(store) == {
        "id": 1,
        "cache_key": "how many?",
        "cache_key_hash": hashlib.sha256(b"how many?").hexdigest(),
        "cached_data": '["ü"]',
        "data_size": 6,
        "query_hash": hashlib.sha256(b"q").hexdigest(),
        "user_id": None,
        "tags": '["skill_metrics"]',
        "created_at": NOW,
        "expires_at": NOW + cache.KEEP_MS,
        "last_accessed": NOW,
        "access_count": 1,
        "generation_time_ms": 82,
        "hit_count": 0,
    }


def test_uses_are_counted(store: Store) -> None:
    """A hit is an access too; one of an entry that went meanwhile is nothing."""
    cache.remember([entry()], [], NOW)(store.conn)
    cache.remember([], ["how many?", "how many?", "gone"], NOW + 5)(store.conn)
    kept = row(store)
    assert (kept["hit_count"], kept["access_count"], kept["last_accessed"]) == (2, 3, NOW + 5)


def test_an_answer_made_again_takes_the_place_of_the_old(store: Store) -> None:
    """It counts as an access; what it saved so far stays counted."""
    cache.remember([entry()], ["how many?"], NOW)(store.conn)
    cache.remember([entry(data="[1,2]", made_ms=60.0)], [], NOW + 7)(store.conn)
    kept = row(store)
    assert (kept["cached_data"], kept["data_size"], kept["generation_time_ms"]) == ("[1,2]", 5, 60)
    assert (kept["created_at"], kept["expires_at"]) == (NOW + 7, NOW + 7 + cache.KEEP_MS)
    assert (kept["hit_count"], kept["access_count"]) == (1, 3)


def test_what_expired_goes_some_hundred_a_step(store: Store) -> None:
    """The oldest first; what is to be kept until this very moment stays."""
    old = [entry(f"old {n}") for n in range(cache.MOST_CLEANED + 10)]
    cache.remember(old, [], NOW)(store.conn)
    cache.remember([entry("new")], [], NOW + 1)(store.conn)
    clean = cache.clean(NOW + 1 + cache.KEEP_MS)
    assert [clean(store.conn) for _ in range(3)] == [cache.MOST_CLEANED, 10, 0]
    assert store.rows("SELECT cache_key FROM query_cache") == [("new",)]


def test_what_was_made_of_a_table_goes_with_its_tag(store: Store) -> None:
    """Whole names only, wherever in the list; answers made of others stay."""
    tags = {"a": ("skill_metrics",), "b": ("queries", "skill_metrics"), "c": ("skill",), "d": ("queries",)}
    cache.remember([entry(key, tags=given) for key, given in tags.items()], [], NOW)(store.conn)
    assert cache.forget("skill_metrics")(store.conn) == 2
    kept = store.rows("SELECT cache_key FROM query_cache WHERE tags <> '[]' ORDER BY 1")
    assert kept == [("c",), ("d",)]


def test_changes_of_a_table_are_counted_for_ever(store: Store) -> None:
    """The count is part of the names of answers, so no cleaning may take it away."""
    for _ in range(3):
        cache.forget("skill_metrics")(store.conn)
    cache.forget("queries")(store.conn)
    cache.clean(NOW + 200 * 366 * 86_400_000)(store.conn)
    counted = {"changes of queries": 1, "changes of skill_metrics": 3}
    assert dict(store.rows("SELECT cache_key, access_count FROM query_cache")) == counted
    assert json.loads(row(store, "changes of queries")["cached_data"]) is None


def whole(question: str, saw: str) -> Entry:
    """All of an answer, and what it saw."""
    return entry(f"{question} saw {saw}", question=question)


def test_a_whole_answer_takes_the_place_of_older_ones(store: Store) -> None:
    """Of the same question only; it is kept for a day, and digests for 90."""
    digest = entry("summary skills v1 after 0 changes stretch 0-0", question="summary skills")
    others = [digest, whole("summary skills, 5", "skill_metrics 1-2"), whole("summary skills", "é")]
    cache.remember([*others, whole("summary skills, all", "skill_metrics 1-2")], [], NOW)(store.conn)
    for end in (3, 4):
        cache.remember([whole("summary skills, all", f"skill_metrics 1-{end}")], [], NOW + end)(store.conn)
    kept = dict(store.rows("SELECT cache_key, expires_at FROM query_cache"))
    assert kept == {
        digest.key: NOW + 90 * cache.DAY_MS,
        others[1].key: NOW + cache.DAY_MS,
        others[2].key: NOW + cache.DAY_MS,
        "summary skills, all saw skill_metrics 1-4": NOW + 4 + cache.DAY_MS,
    }
