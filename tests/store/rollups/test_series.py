"""Series: how many there may be, and which of them go."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from collector.log import Folded
from collector.store.changes import Delete
from collector.store.rollups import series
from tests.conftest import START, Store
from tests.store.rollups.world import DAY, HOUR, LAST, World, skill, skills

Events = Callable[[], list[dict[str, Any]]]
MIDNIGHT = START.wall_ms - START.wall_ms % DAY


@pytest.fixture
def world(store: Store) -> World:
    """An empty one."""
    return World(store)


def test_keys_without_end_go_to_one_series(
    world: World, monkeypatch: pytest.MonkeyPatch, events: Events
) -> None:
    """Nothing is lost, and it is said."""
    monkeypatch.setattr(series, "MOST_KEYS", 3)
    monkeypatch.setattr(series, "too_many", Folded(series.log, "rollups.too_many_keys"))
    world.put(*(skill(MIDNIGHT, f"s{n}") for n in range(5)), skill(MIDNIGHT, "s0"))
    assert world.turns()
    found = world.stored("skill")
    counts = {key: part.count for (tier, _, column, key), part in found.items()
              if (tier, column) == (86400, "execution_ms")}  # fmt: skip
    assert counts == {'["s0"]': 2, '["s1"]': 1, '["s2"]': 1, "[]": 2}
    assert "rollups.too_many_keys" in [event["event"] for event in events()]


def test_names_are_counted_once_and_not_when_they_are_undone(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A step that is undone takes its series with it."""
    monkeypatch.setattr(series, "MOST_KEYS", 3)
    world.put(skill(MIDNIGHT, "a"), skill(MIDNIGHT, "b"))
    assert world.turns()
    world.put(skill(MIDNIGHT, "c"))
    world.failing_turn()
    world.failing_turn()
    assert world.turns()
    assert ("skill", "execution_ms", '["c"]') in world.store.rows(
        'SELECT subject, "column", "key" FROM series'
    )


def pruned(world: World, now_ms: int = LAST) -> list[str]:
    """The keys of one column when those without rollups are gone."""
    for _ in range(100):
        if not series.prune(world.conn, now_ms, 2):
            break
    return [key for (key,) in world.store.rows('SELECT "key" FROM series WHERE "column" = ?', "success")]


def test_series_without_rollups_go(world: World) -> None:
    """Once a day; but the last of all, so that no number is given twice."""
    world.put(*(skill(MIDNIGHT + n * DAY, name) for n, name in enumerate("abc")))
    assert world.turns()
    world.change(Delete(skills(skill_id="b")))
    world.repair()
    assert pruned(world) == ['["a"]', '["c"]']
    world.change(Delete(skills()))
    world.repair()
    assert pruned(world, LAST + HOUR) == ['["a"]', '["c"]']
    assert pruned(world, LAST + DAY) == ['["c"]']
    assert world.store.count("series") == 1
