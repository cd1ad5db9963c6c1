"""Digests as the daemon makes them: once, one a step, and never of rows that were changed since."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from collector.records.base import KINDS
from collector.store import cache, changes, stretches, summaries
from collector.store.changes import Delete, Update, Where
from collector.store.stretches import Kept
from collector.store.topics import TOPICS
from tests.answers.reported import add, store
from tests.store.refreshed import NOW, Refreshed


def test_digests_are_made_once_and_smaller_ones_first(
    refreshed: Refreshed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One a step, so that nobody waits behind them, and it can be stopped between any two."""
    monkeypatch.setattr(stretches, "ROWS", 32)
    add(refreshed.made, "skills", 32 * 16 - 2)  # row numbers begin with 1
    refreshed.stop_after = 7
    assert summaries.digest_all(refreshed.reader, refreshed.ask, refreshed.stop, NOW)["digests"] == 7
    refreshed.stop_after = 1_000_000
    assert refreshed.now()["digests"] == 8 + 3  # fifteen full ones, and three times four
    assert {count for name, count in refreshed.steps if name == "summaries.digest"} == {1}
    assert refreshed.now()["digests"] == 0
    add(refreshed.made, "skills", 1, seed=9)
    assert refreshed.now()["digests"] == 1 + 1 + 1


def test_digests_of_before_a_change_are_made_anew(
    refreshed: Refreshed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That of the stretch, and the wider ones around it; all others stay."""
    monkeypatch.setattr(stretches, "ROWS", 32)
    add(refreshed.made, "skills", 32 * 16)
    assert refreshed.now()["digests"] == 16 + 4 + 1
    (before,) = refreshed.rows("SELECT count(*) FROM query_cache WHERE tags <> '[]'")
    assert refreshed.ask("changes", stretches.forget("skill_metrics", [2, 2])) == 3
    assert refreshed.now()["digests"] == 3
    assert refreshed.rows("SELECT count(*) FROM query_cache WHERE tags <> '[]'") == [before]


def test_changes_of_joined_rows_make_all_digests_anew(
    refreshed: Refreshed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody knows which rows they belong to; that of another table does nothing."""
    monkeypatch.setattr(stretches, "ROWS", 32)
    add(refreshed.made, "benchmarks", 70)
    assert refreshed.now()["digests"] == 2
    refreshed.ask("changes", stretches.forget("benchmark_quality", [0]))
    assert refreshed.now()["digests"] == 0
    assert refreshed.ask("changes", stretches.forget("benchmark_performance", [0])) == 2
    assert refreshed.now()["digests"] == 2


def test_answers_go_without_the_digests(refreshed: Refreshed, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are made of all rows; digests of stretches that were not touched are as true as before."""
    monkeypatch.setattr(stretches, "ROWS", 32)
    add(refreshed.made, "skills", 70)
    assert refreshed.now()["digests"] == 2
    whole = cache.Entry(
        "summary skills saw skill_metrics 1-70", "[]", ("skill_metrics",), 60.0, "summary skills"
    )
    refreshed.ask("keep", cache.remember([whole], (), NOW))
    assert refreshed.ask("changes", stretches.forget_answers("skill_metrics")) == 1
    assert refreshed.now()["digests"] == 0


def test_a_change_between_reading_and_keeping_leaves_no_stale_digest(
    refreshed: Refreshed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The daemon read the rows; they are deleted; then its digest of them is kept."""
    monkeypatch.setattr(stretches, "ROWS", 32)
    add(refreshed.made, "skills", 64)
    kept = Kept(refreshed.reader, TOPICS["skills"])
    rows = stretches.Ends(1, 64)
    (first, *_) = kept.missing(rows)
    kept.digest(first)
    refreshed.ask("changes", stretches.forget("skill_metrics", [0]))
    refreshed.ask("late", cache.remember(kept.kept(), (), NOW))
    assert first in set(Kept(refreshed.reader, TOPICS["skills"]).missing(rows))


def test_row_numbers_that_begin_anew_bring_no_old_digest_back(
    refreshed: Refreshed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The table becomes empty and is filled again, and then a digest of its first life is kept."""
    monkeypatch.setattr(stretches, "ROWS", 32)
    add(refreshed.made, "skills", 64)
    kept = Kept(refreshed.reader, TOPICS["skills"])
    kept.digest(stretches.Stretch(0, 1))
    refreshed.made.conn.execute("DELETE FROM skill_metrics")
    refreshed.ask("changes", stretches.forget("skill_metrics", [0, 1, 2]))
    add(refreshed.made, "skills", 64, seed=2)
    refreshed.ask("late", cache.remember(kept.kept(), (), NOW))
    missing = set(Kept(refreshed.reader, TOPICS["skills"]).missing(stretches.Ends(1, 64)))
    assert missing == {stretches.Stretch(0, 0), stretches.Stretch(0, 1)}


def test_a_stretch_that_was_not_full_is_not_kept(
    refreshed: Refreshed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its ends were read, its newest rows went, and then it was read: rows that come now are no changes."""
    monkeypatch.setattr(stretches, "ROWS", 32)
    add(refreshed.made, "skills", 40)
    kept = Kept(refreshed.reader, TOPICS["skills"])
    kept.digest(stretches.Stretch(0, 1))
    assert kept.kept() == []


@pytest.mark.parametrize(
    "text",
    ["no JSON", "5", "[]", "[1,2]", '[1,2,[["s"]]]', '[1,2,[["s",1,1,1,0,1.0,1,1,[],[],[]]]]', '{"a":1}',
     '[1,2,[["s",1,1,1,0,1.0,1,1,[1,1.0,1,1],[5],[]]]]', '[1,2,["s"]]', "[" * 5_000],
)  # fmt: skip
def test_a_digest_that_cannot_be_read_is_made_again(
    refreshed: Refreshed, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    """Whoever asks takes it for absent; what is made takes its place."""
    monkeypatch.setattr(stretches, "ROWS", 32)
    add(refreshed.made, "skills", 64)
    refreshed.now()
    topic, stretch = TOPICS["skills"], stretches.Stretch(0, 1)
    right = Kept(refreshed.reader, topic)
    refreshed.made.conn.execute("UPDATE query_cache SET cached_data = ?", (text,))
    again = Kept(refreshed.reader, topic)
    digest = again.digest(stretch)
    assert digest is not None
    assert (again.hits, len(again.made)) == ([], 1)
    refreshed.ask("keep", cache.remember(again.kept(), (), NOW))
    kept = right.digest(stretch)
    assert kept is not None
    assert (kept.keys.keys(), len(right.hits)) == (digest.keys.keys(), 1)


def test_a_topic_that_fails_does_not_stop_the_others(
    refreshed: Refreshed, monkeypatch: pytest.MonkeyPatch, events: Callable[[], list[dict[str, Any]]]
) -> None:
    """Its rows hold a text that is none; it is told which, and counted."""
    monkeypatch.setattr(stretches, "ROWS", 32)
    for topic in ("inference", "skills", "pools"):
        add(refreshed.made, topic, 40)
    add(refreshed.made, "operations", 5)
    refreshed.made.conn.execute("UPDATE skill_metrics SET skill_id = CAST(x'ff' AS TEXT)")
    refreshed.made.conn.execute("UPDATE operation_metrics SET user_id = CAST(x'ff' AS TEXT)")
    done = refreshed.now()
    assert (done["digests"], done["failed"]) == (2, 2)
    failed = [event["topic"] for event in events() if event["event"] == "summaries.failed"]
    assert failed == ["user_summary", "skills"]


def test_a_change_of_an_application_touches_the_stretches_of_its_rows(
    refreshed: Refreshed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All others keep their digests; a change of no row touches none."""
    monkeypatch.setattr(stretches, "ROWS", 32)
    add(refreshed.made, "skills", 32 * 4)
    assert refreshed.now()["digests"] == 4 + 1
    where = [Where(KINDS["skill"], {"id": [40, 50]}), Where(KINDS["skill"], {"id": [999]})]
    for condition, made_anew in zip(where, (1 + 1, 0), strict=True):
        refreshed.ask("change", changes.apply([Update(condition, {"tokens_in": 7})]))
        assert refreshed.now()["digests"] == made_anew
    refreshed.ask("change", changes.apply([Delete(where[0]), Delete(Where(KINDS["skill"], {"id": 100}))]))
    assert refreshed.now()["digests"] == 2 + 1


def test_a_change_of_a_table_without_row_numbers_is_possible(refreshed: Refreshed) -> None:
    """Nothing is digested of it."""
    refreshed.made.conn.execute("INSERT INTO queries VALUES ('h', 1, 'generic', 'SELECT ?', NULL, 1)")
    where = Where(KINDS["query"], {"query_hash": "h"})
    done = refreshed.ask("change", changes.apply([Update(where, {"text": "SELECT 2"}), Delete(where)]))
    assert done == changes.Done((1, 1))


def test_of_names_that_hardly_come_twice_no_wider_digest_is_made(
    refreshed: Refreshed, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each key takes memory, however few buckets it has: a digest of all of them would be held at once."""
    monkeypatch.setattr(stretches, "ROWS", 32)
    monkeypatch.setattr(stretches, "MOST_BUCKETS", 32 * 4 * 2)
    columns = {"metric_type": "query", "metric_name": "m", "duration_ms": 1.0, "timestamp": NOW}
    store(refreshed.made, "operation_metrics", [{**columns, "user_id": f"u{n}"} for n in range(127)])
    refreshed.now()
    kept = dict(refreshed.rows("SELECT cache_key, cached_data = 'null' FROM query_cache"))
    found = {name.split()[1] + name.split()[4][0]: too_much for name, too_much in kept.items()}
    assert (found["users0"], found["users1"], found["operations1"]) == (0, 1, 0)
