"""Rolling up step by step: what is taken when, and how much at a time."""

from __future__ import annotations

from itertools import count

import pytest

from collector.records.base import KINDS, Record, Timestamp, forget, kind
from collector.records.columns import Real
from collector.store.progress import position, rolled_up
from collector.store.rollups import rolling
from collector.store.rollups.rolling import Rollups
from collector.store.rollups.sources import sources
from tests.conftest import START, Store
from tests.store.rollups.world import DAY, HOUR, LAST, MINUTE, World, check, disk, sensor, skill

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


def test_samples_from_a_clock_that_was_set_back_are_rolled_up_with_the_next_round(world: World) -> None:
    """Also those whose moment is taken, at the moment where they are stored."""
    world.put(
        disk(MIDNIGHT + HOUR), disk(MIDNIGHT + HOUR + 9), sensor(MIDNIGHT, 20.0), sensor(MIDNIGHT + 9, 0)
    )
    assert world.turns()
    world.put(disk(MIDNIGHT), disk(MIDNIGHT + HOUR), sensor(MIDNIGHT, -5.0), sensor(MIDNIGHT + 2, 1.0))
    assert world.turns()
    check(world)
    assert tiers(world)[-1] == (86400, 0, 4)


def test_late_samples_go_with_a_flush_that_is_undone(world: World) -> None:
    """The flush is tried again as a whole: what it added before is not added twice."""
    world.put(disk(MIDNIGHT + HOUR))
    assert world.turns()
    world.conn.execute("BEGIN IMMEDIATE")
    world.rollups.late(world.conn, KINDS["disk"], [disk(MIDNIGHT)])
    world.conn.execute("ROLLBACK")
    assert position(world.conn, rolled_up("disk")) == MIDNIGHT + HOUR
    world.put(disk(MIDNIGHT))
    assert world.turns()
    check(world)


def test_a_sample_at_a_moment_that_is_rolled_up_is_added_with_its_own_transaction(world: World) -> None:
    """The others of that moment cannot be told from it."""
    world.put(disk(MIDNIGHT), disk(MIDNIGHT + 9))
    assert world.turns()
    world.put(disk(MIDNIGHT, "sdb"))
    assert position(world.conn, rolled_up("disk")) == MIDNIGHT + 9
    check(world)


@pytest.mark.parametrize("set_back", [365 * DAY, 20 * MINUTE + 3])
def test_a_flush_after_the_clock_was_ahead_writes_no_rollup(world: World, set_back: int) -> None:
    """Its samples wait for the next round, for as long as the clock is behind; wherever it came from."""
    ahead = MIDNIGHT + set_back
    world.put(*(disk(ahead + n * 10_000, name) for n in range(60) for name in ("a", "b")))
    assert world.turns(ahead + DAY)
    for tick in range(90):
        before = world.conn.total_changes
        world.put(disk(MIDNIGHT + tick * 20_000, "a"), disk(MIDNIGHT + tick * 20_000, "b"))
        assert world.conn.total_changes - before <= 2 + 3  # the samples, and where the position stands
        if tick % 15 == 0:
            assert world.turns(MIDNIGHT + tick * 20_000)
    assert len(world.store.rows("SELECT * FROM upkeep_positions WHERE name LIKE 'rollup disk %'")) <= 31
    world.put(disk(LAST - HOUR))
    assert world.turns()
    check(world)
    assert world.store.rows("SELECT * FROM upkeep_positions WHERE name LIKE 'rollup disk %'") == []


def test_where_there_are_too_many_stretches_samples_are_added_at_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing grows without end."""
    monkeypatch.setattr(rolling, "MOST_AHEAD", 3)
    world.put(*(disk(MIDNIGHT + n * 1000) for n in range(20)))
    assert world.turns()
    for n in range(18, 8, -1):
        world.put(disk(MIDNIGHT + n * 1000 + 500))
    assert len(world.store.rows("SELECT * FROM upkeep_positions WHERE name LIKE 'rollup disk %'")) == 3
    assert world.turns()
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
    assert world.turns()
    check(world)
