"""What the file says of how recording goes."""

from __future__ import annotations

import pytest

from collector.answers import status
from collector.orm import peewee
from tests.answers.made import DAY, HOUR, MINUTE, Made


def test_the_machine_is_averaged_by_the_minute(made: Made, reader: peewee.SqliteDatabase) -> None:
    """Newest last; a minute that nobody recorded is None, never zero."""
    for ago, busy in ((9 * MINUTE + 1, 5.0), (61_000, 10.0), (70_000, 30.0), (0, 80.0)):
        made.cpu(ago, busy)
    made.memory(30_000, 61.0)
    machine = status.machine(reader, made.now_ms)
    assert machine["cpu_percent"] == 80.0
    assert machine["cpu_history"] == [5.0, None, None, None, None, None, None, None, 20.0, 80.0]
    assert (machine["memory_percent"], machine["memory_history"][-1]) == (61.0, 61.0)
    assert machine["io_pressure_percent"] is None


def test_an_old_sample_is_not_the_machine_as_it_is(made: Made, reader: peewee.SqliteDatabase) -> None:
    """After the recorder stopped nothing is known of now."""
    made.cpu(10 * MINUTE, 50.0)
    machine = status.machine(reader, made.now_ms)
    assert machine["cpu_percent"] is None
    assert machine["cpu_history"] == [None] * status.MINUTES


def test_own_cost_is_that_of_the_last_hour(made: Made, reader: peewee.SqliteDatabase) -> None:
    """Percentiles of flush and lateness, bytes an hour; a tick without a flush counts for none."""
    for n in range(11):
        made.recorder(n * MINUTE, flush_ms=float(n), late_ms=1.0, written_bytes_per_s=10.0)
    made.recorder(30 * MINUTE, flush_ms=None, late_ms=1.0, written_bytes_per_s=10.0)
    made.recorder(2 * HOUR, flush_ms=1000.0, late_ms=1000.0)
    cost = status.own_cost(reader, made.now_ms)
    assert cost == {"flush_p95_ms": 9.5, "late_p95_ms": 1.0, "written_bytes_per_hour": 36_000}


def test_a_burst_is_no_rate(made: Made, reader: peewee.SqliteDatabase) -> None:
    """An import wrote 200 MB a second for two minutes; the rest of the hour it was a kilobyte."""
    for n in range(0, 20 * MINUTE, 5_000):
        made.recorder(n, written_bytes_per_s=2e8 if 3 * MINUTE <= n < 5 * MINUTE else 1000.0)
    assert status.own_cost(reader, made.now_ms)["written_bytes_per_hour"] == 3_600_000


def test_what_is_written_now_and_then_is_a_rate(made: Made, reader: peewee.SqliteDatabase) -> None:
    """Most samples lie between two flushes: they are no sign that nothing is written."""
    for n in range(120):
        made.recorder(n * 5_000, written_bytes_per_s=6000.0 if n % 6 == 3 else 0.0)
    assert status.own_cost(reader, made.now_ms)["written_bytes_per_hour"] == 3_600_000


def test_of_less_than_five_minutes_no_rate_is_told(made: Made, reader: peewee.SqliteDatabase) -> None:
    """Nobody knows yet what is usual; how long flushes took is known from the first on."""
    for n in range(4):
        made.recorder(n * MINUTE, written_bytes_per_s=2e8)
    cost = status.own_cost(reader, made.now_ms)
    assert (cost["written_bytes_per_hour"], cost["flush_p95_ms"]) == (None, 2.0)
    made.recorder(4 * MINUTE, written_bytes_per_s=2e8)
    assert status.own_cost(reader, made.now_ms)["written_bytes_per_hour"] == 720_000_000_000


def test_of_an_empty_record_nothing_is_known(made: Made, reader: peewee.SqliteDatabase) -> None:
    """None and empty, never zero."""
    assert status.last_session(reader) is None
    assert set(status.own_cost(reader, made.now_ms).values()) == {None}
    assert status.gaps(reader, made.now_ms) == []
    assert status.workloads(reader) == {"registered": 0, "over_budget": [], "failing": []}


def test_gaps_are_those_of_a_day(made: Made, reader: peewee.SqliteDatabase) -> None:
    """One that reaches into the last 24 hours counts; the order is that of time."""
    made.gap(2 * HOUR, HOUR, "suspend")
    made.gap(2 * DAY, DAY - MINUTE, "stopped")
    made.gap(3 * DAY, 2 * DAY, "clock")
    assert [gap["reason"] for gap in status.gaps(reader, made.now_ms)] == ["stopped", "suspend"]


@pytest.mark.parametrize(("end_ago", "expected"), [(HOUR, HOUR), (None, 3 * MINUTE)])
def test_a_session_was_last_seen_at_its_end_or_its_last_sample(
    made: Made, reader: peewee.SqliteDatabase, end_ago: int | None, expected: int
) -> None:
    """One that was killed has no end."""
    made.session(2 * DAY, 1 * DAY, received=7)
    made.session(8 * HOUR, end_ago, received=42)
    made.recorder(3 * MINUTE)
    session = status.last_session(reader)
    assert session is not None
    assert (session["received"], made.now_ms - session["last_seen"]) == (42, expected)


def test_a_workload_is_over_budget_by_its_newest_finished_run(
    made: Made, reader: peewee.SqliteDatabase
) -> None:
    """A missed run says nothing; an older slow one is over; what is removed is not counted."""
    for name in ("slow", "mended", "failing", "new"):
        made.workload(name, budget_ms=100)
    made.workload("gone", budget_ms=100, removed_ms=1)
    made.run("slow", 2 * MINUTE, 150.0)
    made.run("slow", 1 * MINUTE, None, outcome="missed")
    made.run("mended", 2 * MINUTE, 150.0)
    made.run("mended", 1 * MINUTE, 50.0)
    made.run("failing", 1 * MINUTE, 5.0, outcome="crashed")
    made.run("gone", 1 * MINUTE, 150.0)
    assert status.workloads(reader) == {"registered": 4, "over_budget": ["slow"], "failing": ["failing"]}
