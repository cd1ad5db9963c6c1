"""Any window of any figure: from rollups and rows together, as a walk over all rows would have it."""

from __future__ import annotations

import math
from collections.abc import Iterator

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collector.answers import rolled
from collector.answers.rolled import Rolled
from collector.orm import peewee
from collector.records.base import KINDS
from collector.records.disk import DiskSample
from collector.records.skill import Skill
from collector.store.database import transaction
from collector.store.rollups import series
from collector.store.rollups.rolling import Rollups
from tests.answers.conftest import NOW
from tests.answers.made import DAY, HOUR, MINUTE, Made

MIDNIGHT = NOW - NOW % DAY
FIVE = 5 * MINUTE


def disk(moment: int, value: float, device: str = "sda") -> msgspec.Struct:
    """A disk sample, of which one figure is looked at."""
    others = dict.fromkeys(("written_bytes_per_s", "reads_per_s", "writes_per_s", "busy_percent"), 0.0)
    return DiskSample.record(timestamp=moment, device=device, read_bytes_per_s=value, **others)


def skill(moment: int, value: float, name: str = "s") -> msgspec.Struct:
    """A skill's run."""
    return Skill.record(
        skill_id=name, execution_ms=value, tokens_in=1, tokens_out=1, success=True, timestamp=moment
    )


def roll(made: Made, now_ms: int, most: int = 1_000_000) -> None:
    """Roll up, by so many steps at the most."""
    rollups = Rollups()
    for _ in range(most):
        with transaction(made.conn):
            if not rollups.turn(now_ms)(made.conn):
                return


Values = list[tuple[int, float]]
values = st.lists(
    st.tuples(st.integers(0, 400).map(lambda n: MIDNIGHT - 4 * HOUR + n * 71_000), st.floats(0, 1e6)),
    min_size=1, max_size=60, unique_by=lambda value: value[0],
)  # fmt: skip
edges = st.integers(MIDNIGHT - 5 * HOUR, MIDNIGHT + 5 * HOUR) | st.sampled_from(
    [MIDNIGHT, MIDNIGHT - HOUR, MIDNIGHT + FIVE, MIDNIGHT - DAY, MIDNIGHT + 2 * DAY]
)
steps = st.sampled_from([10_007, 300_000, 1_800_000, 3_600_000, 5_000_000, DAY])


def check(found: Rolled, should: list[float]) -> None:
    """The figures are those of the values."""
    assert found.exact
    assert (found.count, found.low, found.high) == (
        len(should), min(should, default=None), max(should, default=None),
    )  # fmt: skip
    assert found.total == pytest.approx(math.fsum(should), rel=1e-9)
    assert found.mean == (pytest.approx(math.fsum(should) / len(should), rel=1e-9) if should else None)
    median, ordered = found.percentile(0.5), sorted(should)
    if should:
        assert median is not None
        low, high = ordered[(len(ordered) - 1) // 2], ordered[len(ordered) // 2]
        assert low * 0.989999 - 1e-8 <= median <= high * 1.010001 + 1e-8


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Made]:
    """A record that each example empties first."""
    made = Made(tmp_path_factory.mktemp("rolled") / "c.db", NOW)
    yield made
    made.close()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(values, st.integers(0, 8), edges, edges, edges, steps)
def test_a_window_holds_what_a_walk_over_all_rows_finds(
    filled: Made, given_values: Values, turns: int, rolled_until: int, one: int, other: int, step: int
) -> None:
    """Whatever part is rolled up, and wherever the edges lie; whole, and in stretches."""
    for table in ("disk_samples", "skill_metrics", "series", "rollups", "upkeep_positions"):
        filled.conn.execute(f"DELETE FROM {table}")
    filled.add(*(disk(at, value) for at, value in sorted(given_values)), disk(MIDNIGHT, 9.0, "sdb"))
    filled.add(*(skill(at, value) for at, value in given_values), skill(MIDNIGHT, 9.0, "other"))
    roll(filled, rolled_until, turns)
    since, until = min(one, other), max(one, other)
    step = max(step, (until - since) // 300)
    with filled.reader() as reader:
        for kind, column, key in (
            ("disk", "read_bytes_per_s", '["sda"]'),
            ("skill", "execution_ms", '["s"]'),
        ):
            inside = [(at, value) for at, value in given_values if since <= at < until]
            check(rolled.total(reader, kind, column, since, until, key), [value for _, value in inside])
            found = rolled.stretches(reader, kind, column, since, until, step, key)
            should = sorted({since + (at - since) // step * step for at, _ in inside})
            assert [at for at, _ in found] == should
            for at, part in found:
                check(part, [value for moment, value in inside if at <= moment < at + step])


def test_a_series_is_asked_for_by_its_key(made: Made, reader: peewee.SqliteDatabase) -> None:
    """As JSON; one that is not rolled up yet is not among the keys, and found all the same."""
    made.add(disk(NOW - HOUR, 1.0), disk(NOW - HOUR, 2.0, 'odd "name"'))
    roll(made, NOW)
    made.add(disk(NOW, 4.0, "new"))
    assert rolled.keys(reader, "disk", "busy_percent") == ['["odd \\"name\\""]', '["sda"]']
    found = [
        rolled.total(reader, "disk", "read_bytes_per_s", 0, NOW + 1, key).total
        for key in ('["odd \\"name\\""]', '["sda"]', '["new"]', '["none"]')
    ]
    assert found == [2.0, 1.0, 4.0, 0.0]


def test_what_came_with_keys_without_end_is_asked_for_without_a_key(
    made: Made, reader: peewee.SqliteDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of it together, at the edges too; those with a series of their own are not in it."""
    monkeypatch.setattr(series, "MOST_KEYS", 1)
    made.add(*(disk(MIDNIGHT + n, float(n), name) for n, name in enumerate("abc")))
    roll(made, MIDNIGHT + HOUR)
    made.add(disk(MIDNIGHT + HOUR, 5.0, "a"), disk(MIDNIGHT + HOUR, 7.0, "d"))
    found = [
        rolled.total(reader, "disk", "read_bytes_per_s", since, MIDNIGHT + DAY).total
        for since in (MIDNIGHT, MIDNIGHT + 2)
    ]
    assert found == [1.0 + 2.0 + 7.0, 2.0 + 7.0]


def test_what_is_not_rolled_up_has_no_window(reader: peewee.SqliteDatabase) -> None:
    """Neither a kind that is bookkeeping, nor a text."""
    for kind, column in (("gap", "from_ms"), ("disk", "device"), ("process", "pid"), ("nothing", "x")):
        with pytest.raises(KeyError):
            rolled.total(reader, kind, column, 0, NOW)


def test_an_empty_window_holds_nothing(made: Made, reader: peewee.SqliteDatabase) -> None:
    """Also one that ends before it begins."""
    made.add(disk(NOW, 1.0))
    roll(made, NOW + HOUR)
    for since, until in ((NOW, NOW), (NOW + 1, NOW), (NOW + 1, NOW + DAY)):
        assert rolled.total(reader, "disk", "read_bytes_per_s", since, until, '["sda"]') == Rolled()
        assert rolled.stretches(reader, "disk", "read_bytes_per_s", since, until, HOUR, '["sda"]') == []


@pytest.mark.parametrize(
    ("gone", "since", "until", "count"),
    [
        ((), MIDNIGHT + 1, MIDNIGHT + HOUR, 59),
        (("rows",), MIDNIGHT + 1, MIDNIGHT + HOUR, 60),
        (("rows",), MIDNIGHT, MIDNIGHT + HOUR, 60),
        (("rows", "300"), MIDNIGHT + 1, MIDNIGHT + 2, 60),
        (("rows", "300"), MIDNIGHT + 30 * MINUTE, MIDNIGHT + 90 * MINUTE, 120),
        (("rows", "300", "3600"), MIDNIGHT + 30 * MINUTE, MIDNIGHT + 90 * MINUTE, 120),
        (("rows", "300", "3600"), MIDNIGHT, MIDNIGHT + DAY, 120),
    ],
)
def test_where_something_finer_is_gone_the_finest_that_is_left_is_taken(
    made: Made, reader: peewee.SqliteDatabase, gone: tuple[str, ...], since: int, until: int, count: int
) -> None:
    """And it is said that the edges are not where they were asked for."""
    made.add(*(disk(MIDNIGHT + n * MINUTE, 1.0) for n in range(120)))
    roll(made, MIDNIGHT + DAY)
    for tier in gone:
        table = "disk_samples" if tier == "rows" else f"rollups WHERE tier_s = {tier}"
        made.conn.execute(f"DELETE FROM {table}")
    found = rolled.total(reader, "disk", "read_bytes_per_s", since, until, '["sda"]')
    aligned = (since, until) in ((MIDNIGHT, MIDNIGHT + HOUR), (MIDNIGHT, MIDNIGHT + DAY))
    assert (found.count, found.exact) == (count, aligned or not gone)


def test_a_stretch_without_rows_is_left_out(made: Made, reader: peewee.SqliteDatabase) -> None:
    """A hole is a hole, whether it is rolled up or not."""
    made.add(*(disk(MIDNIGHT + hours * HOUR, 1.0) for hours in (0, 1, 5)))
    roll(made, MIDNIGHT + 2 * HOUR)
    found = rolled.stretches(
        reader, "disk", "read_bytes_per_s", MIDNIGHT, MIDNIGHT + DAY, HOUR, '["sda"]'
    )  # fmt: skip
    assert [(at - MIDNIGHT) // HOUR for at, _ in found] == [0, 1, 5]


def test_the_figures_of_a_benchmark_have_the_moment_and_the_key_of_its_run(
    made: Made, reader: peewee.SqliteDatabase
) -> None:
    """Before and after they are rolled up."""
    part = {
        "manual_interventions_count": 2, "prompts_needed_initial": 1, "prompts_needed_followup": 3,
        "one_shot_success_rate": 0.5, "error_recovery_rate": 1.0, "agent_handoffs_successful": 0,
        "agent_handoffs_failed": 0,
    }  # fmt: skip
    made.conn.execute(
        "INSERT INTO benchmark_runs (run_id, timestamp, project_name, benchmark_name, version, created_at)"
        " VALUES ('r', ?, 'p', 'b', '1', ?)",
        (MIDNIGHT, NOW),
    )
    names = ", ".join(part)
    marks = ", ".join("?" for _ in part)
    made.conn.execute(
        f"INSERT INTO benchmark_autonomy (run_id, {names}) VALUES ('r', {marks})", [*part.values()]
    )
    for _ in range(2):
        found = rolled.total(
            reader, "benchmark_autonomy", "prompts_needed_followup", MIDNIGHT, MIDNIGHT + 1, '["p","b"]'
        )
        assert (found.count, found.total, found.exact) == (1, 3.0, True)
        roll(made, NOW)


def test_a_day_of_local_time_is_made_of_hours(made: Made, reader: peewee.SqliteDatabase) -> None:
    """Stretches are of UTC, so that the day on which clocks go back simply has 25 of them."""
    made.add(*(disk(MIDNIGHT + n * HOUR, 1.0) for n in range(48)))
    roll(made, MIDNIGHT + 3 * DAY)
    first = MIDNIGHT - 2 * HOUR + DAY
    found = rolled.total(reader, "disk", "read_bytes_per_s", first, first + 25 * HOUR, '["sda"]')
    assert (found.count, found.exact) == (25, True)


def test_samples_behind_a_stretch_that_is_rolled_up_are_counted_once(
    made: Made, reader: peewee.SqliteDatabase
) -> None:
    """After the clock was set back: before they are rolled up, half-way, and after it."""
    made.add(*(disk(MIDNIGHT + n * MINUTE, 1.0) for n in range(0, 120, 2)))
    roll(made, MIDNIGHT + DAY)
    for n in range(31, 61, 2):
        late = disk(MIDNIGHT + n * MINUTE, 10.0)
        made.add(late)
        Rollups().late(made.conn, KINDS["disk"], [late])
    for until in (MIDNIGHT, MIDNIGHT + 40 * MINUTE, MIDNIGHT + DAY):
        roll(made, until)
        found = [
            rolled.total(
                reader, "disk", "read_bytes_per_s", MIDNIGHT + since, MIDNIGHT + DAY, '["sda"]'
            ).total
            for since in (0, 33 * MINUTE)
        ]
        assert found == [60 + 150, 43 + 140]
