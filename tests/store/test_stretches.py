"""Digests as the daemon makes them: once, one a step, and never of rows that were changed since."""

from __future__ import annotations

import pytest

from collector.store import cache, stretches
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
    assert refreshed.now()["digests"] == 7
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
