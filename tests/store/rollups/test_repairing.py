"""What applications change is rolled up once more, an hour at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from collector.records.base import KINDS
from collector.records.benchmark import BenchmarkRun
from collector.records.run import Run
from collector.store.changes import Delete, Update, Where
from collector.store.database import open_reader
from collector.store.progress import move, position, rolled_up
from collector.store.retention import names
from collector.store.rollups import repairing, series
from collector.store.rollups.sources import sources
from tests.conftest import START, Store
from tests.store.rollups.world import DAY, HOUR, MINUTE, World, check, skill, skills

Events = Callable[[], list[dict[str, Any]]]
MIDNIGHT = START.wall_ms - START.wall_ms % DAY


@pytest.fixture
def world(store: Store) -> World:
    """With skills of three hours, rolled up."""
    made = World(store)
    made.put(*(skill(MIDNIGHT + n * 10 * MINUTE, value=float(n)) for n in range(18)))
    assert made.turns()
    return made


def marks(world: World) -> list[tuple[str, int, int]]:
    """Kind, hours after midnight and changes of what is to be rolled up once more."""
    return world.store.rows(
        "SELECT subject, (timestamp - ?) / 3600000, changes FROM rollup_stale ORDER BY 1, 2", MIDNIGHT
    )


def test_a_change_marks_the_hours_of_its_rows(world: World) -> None:
    """Those they were in and those they come to, each with a count."""
    hour = skills(MIDNIGHT + HOUR, MIDNIGHT + 2 * HOUR)
    world.change(Update(hour, {"tokens_in": 3}), Update(hour, {"timestamp": MIDNIGHT + 5 * HOUR}))
    assert marks(world) == [("skill", 1, 2), ("skill", 5, 1)]
    assert world.repair() == 2
    assert marks(world) == []
    check(world)


def test_a_change_of_what_is_not_rolled_up_marks_nothing(world: World) -> None:
    """Nor does one that finds no row, or what was never rolled up."""
    world.change(Delete(skills(skill_id="none")))
    session = Where(KINDS["inference"], {"model_name": "m"})
    world.change(Update(session, {"session": "s"}), Delete(session))
    assert marks(world) == []


def test_rows_whose_numbers_come_once_more_are_new(world: World) -> None:
    """The last are deleted, and their numbers are given to the next, within one change or after it."""
    world.change(Delete(skills(MIDNIGHT + 2 * HOUR)))
    assert position(world.conn, rolled_up("skill")) == 12
    world.put(skill(MIDNIGHT + 9 * HOUR), skill(MIDNIGHT))
    assert world.turns()
    world.repair()
    check(world)


def test_rows_that_are_not_rolled_up_yet_are_left_for_later(world: World) -> None:
    """The hour is worked out of what the position has passed; the rest is added as ever."""
    world.put(skill(MIDNIGHT + MINUTE, value=1000.0))
    world.change(Delete(skills(MIDNIGHT, MIDNIGHT + MINUTE)))
    world.repair()
    assert world.stored("skill")[3600, MIDNIGHT, "execution_ms", '["s"]'].high == 5.0
    assert world.turns()
    check(world)


def test_keys_that_share_a_series_are_repaired_together(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those of keys without end: none of them takes the place of another."""
    monkeypatch.setattr(series, "MOST_KEYS", 1)
    monkeypatch.setattr(repairing, "MOST_ROWS", 1)
    world.put(*(skill(MIDNIGHT, name, 5.0) for name in "abc"))
    assert world.turns()
    world.change(Delete(skills(skill_id="b")), Update(skills(skill_id="c"), {"execution_ms": 8.0}))
    assert world.repair() == 1
    found = world.stored("skill")
    assert [found[tier, MIDNIGHT, "execution_ms", "[]"].total for tier in (300, 3600, 86400)] == [13.0] * 3


def test_what_moves_meanwhile_is_read_again(world: World) -> None:
    """Another change, or rows that are rolled up in between."""
    world.change(Update(skills(MIDNIGHT, MIDNIGHT + 2), {"execution_ms": 70.0}))
    first = [True, True]

    def ask(name: str, step: Any) -> Any:
        if first and first.pop():
            world.change(Update(skills(MIDNIGHT, MIDNIGHT + 2), {"execution_ms": 80.0 + len(first)}))
            world.put(skill(MIDNIGHT + MINUTE))
            world.turns()
        return world.ask(name, step)

    reader = open_reader(world.store.path)
    assert repairing.repair(reader, ask, lambda: False) == 1
    reader.close()
    assert marks(world) == []
    check(world)


def test_what_never_rests_is_left_for_the_next_time(world: World, events: Events) -> None:
    """It stays marked."""
    world.change(Delete(skills(MIDNIGHT, MIDNIGHT + 2)))

    def ask(name: str, step: Any) -> Any:
        world.change(Update(skills(MIDNIGHT + 10 * MINUTE, MIDNIGHT + HOUR), {"tokens_in": 9}))
        return world.ask(name, step)

    reader = open_reader(world.store.path)
    assert repairing.repair(reader, ask, lambda: False) == 0
    reader.close()
    assert [event["event"] for event in events()][-1] == "rollups.busy"
    assert world.repair() == 1
    check(world)


def test_it_stops_when_it_is_told_to(world: World) -> None:
    """The next hour is not begun."""
    world.change(Delete(skills(MIDNIGHT)))
    reader = open_reader(world.store.path)
    assert repairing.repair(reader, world.ask, lambda: True) == 0
    reader.close()
    assert len(marks(world)) == 3


def test_an_hour_whose_rows_are_partly_gone_by_age_stays_as_it_is(world: World, events: Events) -> None:
    """Nothing better can be made of what is left; it is said."""
    before = world.stored("skill")
    move(world.conn, names.cut("skill"), MIDNIGHT + 90 * MINUTE, START.wall_ms)
    world.conn.execute("DELETE FROM skill_metrics WHERE timestamp <= ?", (MIDNIGHT + 90 * MINUTE,))
    world.change(Delete(skills(MIDNIGHT + 100 * MINUTE, MIDNIGHT + 110 * MINUTE)))
    assert world.repair() == 1
    assert (world.stored("skill"), marks(world)) == (before, [])
    assert "rollups.rows_gone" in [event["event"] for event in events()]


def test_a_day_whose_hours_are_gone_by_age_stays_as_it_is(world: World, events: Events) -> None:
    """Its 5 minutes and its hour follow all the same."""
    world.conn.execute("DELETE FROM rollups WHERE tier_s = 3600 AND timestamp = ?", (MIDNIGHT,))
    world.change(Delete(skills(MIDNIGHT + HOUR, MIDNIGHT + HOUR + 1)))
    world.repair()
    found = world.stored("skill")
    assert found[86400, MIDNIGHT, "execution_ms", '["s"]'].count == 18
    assert found[3600, MIDNIGHT + HOUR, "execution_ms", '["s"]'].count == 5
    assert "rollups.hours_gone" in [event["event"] for event in events()]


def test_figures_follow_the_run_they_belong_to(world: World) -> None:
    """A benchmark run gets another name, and goes: its families with it."""
    zeros = dict.fromkeys(("stories_created", "stories_completed", "rework_count"), 0)
    part = KINDS["benchmark"].parts[-1].struct(avg_cycle_time_seconds=2.0, **zeros)
    runs = [
        BenchmarkRun.record(
            run_id=f"r{n}", timestamp=MIDNIGHT, project_name="p", benchmark_name="b", workflow=part,
            created_at=MIDNIGHT,
        )
        for n in range(3)
    ]  # fmt: skip
    world.put(*runs)
    assert world.turns()

    def counts() -> dict[str, int]:
        found = world.stored("benchmark_workflow").items()
        return {key: part.count for (tier, _, column, key), part in found
                if (tier, column) == (86400, "avg_cycle_time_seconds")}  # fmt: skip

    assert counts() == {'["p","b"]': 3}
    benchmark, workflow = KINDS["benchmark"], KINDS["benchmark_workflow"]
    world.change(Update(Where(benchmark, {"run_id": "r0"}), {"project_name": "q"}))
    world.change(Update(Where(workflow, {"run_id": "r1"}), {"rework_count": 5}))
    world.change(Delete(Where(benchmark, {"run_id": "r2"})))
    assert marks(world) == [("benchmark_workflow", 0, 3)]
    assert world.repair() == 1
    assert counts() == {'["p","b"]': 1, '["q","b"]': 1}
    assert position(world.conn, rolled_up("benchmark_workflow")) == 2


def test_rows_of_every_first_key_are_found(world: World) -> None:
    """Along the index, which is by workload first."""
    world.put(*(Run.record(workload=name, timestamp=MIDNIGHT, wall_ms=5.0) for name in ("a", "b", "c", "c")))
    assert world.turns()
    world.change(
        Delete(Where(KINDS["run"], {"id": 3})), Update(Where(KINDS["run"], {"id": 1}), {"wall_ms": 9.0})
    )
    world.repair()
    found = world.stored("run")
    assert {key: (part.count, part.total) for (tier, _, column, key), part in found.items()
            if (tier, column) == (3600, "wall_ms")} == {
        '["a"]': (1, 9.0), '["b"]': (1, 5.0), '["c"]': (1, 5.0),
    }  # fmt: skip


def test_the_index_is_used(world: World) -> None:
    """The rows of an hour are found without a walk through the table, for each kind that can be changed."""
    for source in sources():
        plan = world.store.rows(f"EXPLAIN QUERY PLAN {source.between}", 0, 1, 9)
        walked = [row[3] for row in plan if row[3] in (f"SCAN {source.kind.table}", "SCAN benchmark_runs")]
        assert (source.name, walked) == (source.name, [])
