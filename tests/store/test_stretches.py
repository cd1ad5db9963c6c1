"""Digests as the daemon makes them: once, one a step, and never of rows that were changed since."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from collector.store import cache, stretches, summaries
from collector.store.stretches import Kept
from collector.store.topics import TOPICS
from tests.answers.reported import add
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
    """They went with the table's tag, and their names are asked for no more."""
    monkeypatch.setattr(stretches, "ROWS", 32)
    add(refreshed.made, "skills", 64)
    assert refreshed.now()["digests"] == 2
    refreshed.ask("changes", cache.forget("skill_metrics"))
    assert refreshed.now()["digests"] == 2


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
    refreshed.ask("changes", cache.forget("skill_metrics"))
    refreshed.ask("late", cache.remember(kept.kept(), (), NOW))
    assert first in set(Kept(refreshed.reader, TOPICS["skills"]).missing(rows))


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
