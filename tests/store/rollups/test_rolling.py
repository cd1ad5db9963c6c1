"""Rolling up step by step: what is taken when, and how much at a time."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any

import pytest

from collector.log import Folded
from collector.records.base import KINDS, Record, Timestamp, forget, kind
from collector.records.columns import Real
from collector.store.progress import position, rolled_up
from collector.store.rollups import series
from collector.store.rollups.rolling import Rollups
from collector.store.rollups.sources import sources
from tests.conftest import START, Store
from tests.store.rollups.world import DAY, HOUR, LAST, MINUTE, World, check, disk, sensor, skill

Events = Callable[[], list[dict[str, Any]]]
MIDNIGHT = START.wall_ms - START.wall_ms % DAY


@pytest.fixture
def world(store: Store) -> World:
    """An empty one."""
    return World(store)


def tiers(world: World, kind: str = "disk") -> list[tuple[int, int, int]]:
    """Tier, moment after midnight in minutes and count of the rollups of the first column of a kind."""
    return world.store.rows(
        "SELECT tier_s, (r.timestamp - ?) / 60000, count FROM rollups AS r JOIN series ON id = series_id"
        ' WHERE subject = ? AND "column" = (SELECT "column" FROM series WHERE subject = ? LIMIT 1)'
        " ORDER BY 1, 2",
        MIDNIGHT, kind, kind,
    )  # fmt: skip


def test_a_row_is_counted_once_in_each_tier(world: World) -> None:
    """5 minutes, an hour, a day."""
    world.put(*(disk(MIDNIGHT + minutes * MINUTE) for minutes in (0, 4, 5, 61)))
    assert world.turns()
    assert tiers(world) == [
        (300, 0, 2),
        (300, 5, 1),
        (300, 60, 1),
        (3600, 0, 3),
        (3600, 60, 1),
        (86400, 0, 4),
    ]


def test_samples_of_the_running_five_minutes_wait(world: World) -> None:
    """So each of these is written once; what is reported does not wait."""
    world.put(*(disk(MIDNIGHT + minutes * MINUTE) for minutes in (0, 4, 5)), skill(MIDNIGHT + 5 * MINUTE))
    assert world.turns(MIDNIGHT + 9 * MINUTE)
    assert [tier for tier in tiers(world) if tier[0] == 300] == [(300, 0, 2)]
    assert tiers(world, "skill")[0] == (300, 5, 1)


def test_a_second_turn_finds_nothing_to_do(world: World) -> None:
    """And says so."""
    world.put(disk(MIDNIGHT), skill(MIDNIGHT))
    assert world.turns()
    assert world.turns(most=1)


def test_samples_from_a_clock_that_was_set_back_are_added_with_their_own_transaction(world: World) -> None:
    """Also those whose moment is taken, at the moment where they are stored."""
    world.put(
        disk(MIDNIGHT + HOUR), disk(MIDNIGHT + HOUR + 9), sensor(MIDNIGHT, 20.0), sensor(MIDNIGHT + 9, 0)
    )
    assert world.turns()
    world.put(disk(MIDNIGHT), disk(MIDNIGHT + HOUR), sensor(MIDNIGHT, -5.0), sensor(MIDNIGHT + 2, 1.0))
    check(world)
    assert tiers(world)[-1] == (86400, 0, 4)


def test_late_samples_go_with_a_flush_that_is_undone(world: World) -> None:
    """The flush is tried again as a whole: what it added before is not added twice."""
    world.put(disk(MIDNIGHT + HOUR))
    assert world.turns()
    world.conn.execute("BEGIN IMMEDIATE")
    world.rollups.late(world.conn, KINDS["disk"], [disk(MIDNIGHT)])
    world.conn.execute("ROLLBACK")
    world.put(disk(MIDNIGHT))
    check(world)


def test_rows_of_one_moment_are_taken_together(world: World) -> None:
    """The position is a moment: what is left of it would be left for ever."""
    world.put(*(disk(MIDNIGHT, f"d{n}") for n in range(40)), disk(MIDNIGHT + 1))
    assert not world.turns(most=1)
    assert position(world.conn, rolled_up("disk")) == MIDNIGHT
    assert world.turns()
    check(world)


def test_a_step_shrinks_when_it_takes_too_long_and_takes_something_all_the_same(store: Store) -> None:
    """With a clock by which each step takes a second: soon one row a step."""
    world = World(store)
    seconds = count()
    world.rollups = Rollups(lambda: float(next(seconds)))
    world.put(*(skill(MIDNIGHT + n * DAY) for n in range(100)))
    taken, before = [], 0
    while not world.turns(most=1):
        after = position(store.conn, rolled_up("skill")) or 0
        taken.append(after - before)
        before = after
    assert taken[0] > 5
    assert (taken[-1], sum(taken)) == (1, 100)


def test_kinds_take_turns(world: World) -> None:
    """One with much to do does not keep the others waiting."""
    world.put(*(skill(MIDNIGHT + n * DAY) for n in range(200)), disk(MIDNIGHT))
    world.turns(most=2)
    assert {position(world.conn, rolled_up(name)) is None for name in ("disk", "skill")} == {False}


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


def test_every_sample_and_every_reported_record_is_rolled_up() -> None:
    """By its numbers, but not by keys and moments; bookkeeping is not."""
    found = {source.name: source for source in sources()}
    assert {*found} == {
        "benchmark_autonomy", "benchmark_performance", "benchmark_quality", "benchmark_workflow", "cpu",
        "disk", "filesystem", "inference", "memory", "network", "operation", "pool", "pressure", "process",
        "recorder", "run", "sensor", "skill",
    }  # fmt: skip
    assert found["process"].columns == ("cpu_percent", "rss_bytes")
    assert found["skill"].columns == ("execution_ms", "tokens_in", "tokens_out", "success")
    assert found["operation"].per == ("metric_type", "metric_name", "query_hash")


def test_a_new_sample_is_rolled_up_without_another_line(store: Store) -> None:
    """One file is enough."""

    @kind("fan", "machine")
    class FanSample(Record):
        """How fast the fan turns."""

        timestamp = Timestamp(primary_key=True)
        turns = Real("a minute")

        class Meta:
            table_name = "fan_samples"

    try:
        with store.database.bind_ctx([FanSample]):
            store.database.create_tables([FanSample])
        world = World(store)
        world.put(FanSample.record(timestamp=MIDNIGHT, turns=900.0))
        assert world.turns()
        assert world.stored("fan")[86400, MIDNIGHT, "turns", "[]"].total == 900.0
    finally:
        forget("fan")


def test_sums_and_bounds_of_equal_values_cost_nothing(world: World) -> None:
    """What follows from the rest is null, and comes back to the last bit."""
    world.put(*(disk(MIDNIGHT + n, value=0.1) for n in range(3)), sensor(MIDNIGHT, -40.5))
    assert world.turns()
    assert {row[0] for row in world.store.rows("SELECT sketch FROM rollups")} == {None}
    assert world.store.rows("SELECT count(*) FROM rollups WHERE max IS NOT NULL") == [(0,)]
    check(world)


def test_moments_far_away_do_no_harm(world: World) -> None:
    """1970, and a clock that was set to the year 2096."""
    world.put(disk(0), disk(LAST - HOUR), skill(0))
    assert world.turns()
    world.put(disk(MIDNIGHT))
    check(world)
