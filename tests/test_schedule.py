"""When things run, and what happens to runs that could not."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from hypothesis import given
from hypothesis import strategies as st

from collector import weekdays
from collector.schedule import Cron, Grid, Schedule, cron_fault, grace, next_times
from collector.settings import WorkloadSettings
from collector.units import Duration

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def workload(name: str = "tests", every: float | None = 60.0, cron: str | None = None) -> WorkloadSettings:
    """A workload that is never run."""
    return WorkloadSettings(
        name=name, kind="command", every=None if every is None else Duration(every), cron=cron
    )


class Late:
    """Remembers what a schedule says about runs that did not happen."""

    def __init__(self) -> None:
        self.missed: list[tuple[str, int, str]] = []
        self.overlapped: list[tuple[str, int, str]] = []
        self.told = threading.Event()

    def on_missed(self, *said: Any) -> None:
        self.missed.append(said)
        self.told.set()

    def on_overlapped(self, *said: Any) -> None:
        self.overlapped.append(said)
        self.told.set()


@pytest.fixture
def late() -> Late:
    """What was told."""
    return Late()


@pytest.fixture
def schedule(late: Late) -> Iterator[Schedule]:
    """A schedule that is stopped at the end, with one place for workloads."""
    made = Schedule(1, late.on_missed, late.on_overlapped)
    yield made
    made.stop()


def test_a_grid_fires_at_whole_multiples_of_its_interval() -> None:
    """Samples of a day line up, whenever the daemon was started."""
    grid = Grid(lambda: 5.0)
    assert grid.get_next_fire_time(None, NOON + timedelta(seconds=3.2)) == NOON + timedelta(seconds=5)
    assert grid.get_next_fire_time(NOON, NOON + timedelta(milliseconds=4)) == NOON + timedelta(seconds=5)


def test_a_grid_that_was_woken_early_does_not_fire_twice() -> None:
    """A timer that fires a millisecond before its time has done this tick."""
    grid = Grid(lambda: 5.0)
    early = NOON + timedelta(seconds=4.999)
    assert grid.get_next_fire_time(NOON + timedelta(seconds=5), early) == NOON + timedelta(seconds=10)


@given(
    st.floats(min_value=0.1, max_value=86400),
    st.integers(min_value=0, max_value=4_000_000_000),
    st.integers(min_value=-3_000_000_000, max_value=3_000_000_000),
)
def test_a_grid_is_one_step_ahead_of_any_clock(every: float, previous: int, jump: int) -> None:
    """However far the clock jumped, the next time is after now and at most two intervals away."""
    now = datetime.fromtimestamp(max(0, min(previous + jump, 7_000_000_000)), UTC)
    found = Grid(lambda: every).get_next_fire_time(datetime.fromtimestamp(previous, UTC), now)
    assert now < found <= now + timedelta(seconds=2 * every + 0.001)


def test_a_grid_follows_a_changing_pace() -> None:
    """On battery the same job fires less often."""
    pace = [1.0]
    grid = Grid(lambda: pace[0])
    assert grid.get_next_fire_time(None, NOON) == NOON + timedelta(seconds=1)
    pace[0] = 15.0
    assert grid.get_next_fire_time(None, NOON) == NOON + timedelta(seconds=15)


@time_machine.travel(datetime(2026, 3, 28, 23, 0, tzinfo=ZoneInfo("Europe/Berlin")), tick=False)
def test_cron_runs_once_in_the_night_an_hour_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """At the change to summer time a job of 03:00 runs at 03:00, once."""
    monkeypatch.setenv("TZ", "Europe/Berlin")
    cron, at = Cron("0 3 * * *"), datetime(2026, 3, 28, 22, 0, tzinfo=UTC)
    first = cron.get_next_fire_time(None, at)
    assert first is not None
    second = cron.get_next_fire_time(first, first)
    assert second is not None
    assert (first.astimezone(UTC), second.astimezone(UTC)) == (
        datetime(2026, 3, 29, 1, 0, tzinfo=UTC),
        datetime(2026, 3, 30, 1, 0, tzinfo=UTC),
    )


def test_cron_does_not_catch_up() -> None:
    """After a year asleep the next run is the next match, in one step."""
    cron = Cron("30 4 * * *")
    found = cron.get_next_fire_time(NOON - timedelta(days=365), NOON)
    assert found is not None
    assert NOON < found <= NOON + timedelta(days=1)


@pytest.mark.parametrize("expression", ["", "every day", "61 * * * *", "* * * *", "0 3 * * 9"])
def test_a_cron_expression_that_cannot_be_read_is_a_fault(expression: str) -> None:
    """It is told with an example of what is allowed."""
    fault = cron_fault(expression)
    assert fault is not None
    assert "five fields" in fault


def test_next_times_are_told_ahead() -> None:
    """`collector check` shows when a workload would run."""
    at = round(NOON.timestamp() * 1000)
    assert next_times(workload(every=60), at, 3) == [at + 60_000, at + 120_000, at + 180_000]


@pytest.mark.parametrize(("every", "expected"), [(None, 60), (1.0, 1), (10.0, 5), (3600.0, 60)])
def test_a_run_may_begin_late_by_half_its_interval(every: float | None, expected: int) -> None:
    """At most a minute, and in whole seconds as APScheduler wants it."""
    assert grace(every) == expected


def test_a_run_that_would_overlap_itself_is_told(schedule: Schedule, late: Late) -> None:
    """The run under way goes on, and the one that was due is recorded with its time."""
    gate, running = threading.Event(), threading.Event()

    def hang() -> None:
        running.set()
        gate.wait(20)

    schedule.workload(workload("slow", every=0.2), hang)
    schedule.start()
    assert running.wait(10)
    assert late.told.wait(10)
    gate.set()
    name, due_ms, detail = late.overlapped[0]
    assert (name, due_ms % 200) == ("slow", 0)
    assert "still going on" in detail


def test_a_hung_workload_delays_no_sample(schedule: Schedule) -> None:
    """The pools do not share threads, so sampling goes on beside as many hung workloads as there are."""
    gate, ticks, three = threading.Event(), [], threading.Event()

    def tick() -> None:
        ticks.append(1)
        if len(ticks) == 3:
            three.set()

    for n in range(3):
        schedule.workload(workload(f"hung{n}", every=0.1), lambda: gate.wait(20) and None)
    schedule.sample("common", lambda: 0.1, tick)
    schedule.start()
    assert three.wait(10)
    gate.set()


def test_a_sampler_that_raises_is_told_and_runs_again(schedule: Schedule) -> None:
    """An error in a job is no end of the job."""
    calls, twice = [], threading.Event()

    def broken() -> None:
        calls.append(1)
        if len(calls) == 2:
            twice.set()
        raise RuntimeError("broken on purpose")

    schedule.sample("common", lambda: 0.1, broken)
    schedule.start()
    assert twice.wait(10)


def test_a_sampler_that_hangs_does_not_hold_up_the_stop(schedule: Schedule) -> None:
    """It is in the scheduler's own thread, for which APScheduler would wait for ever."""
    caught, gate, over = threading.Event(), threading.Event(), threading.Event()

    def hang() -> None:
        caught.set()
        gate.wait(20)
        over.set()

    schedule.sample("hung", lambda: 0.1, hang)
    schedule.start()
    assert caught.wait(10)
    schedule.stop()
    assert not over.is_set()
    gate.set()


def test_runs_missed_in_a_hole_are_one_row_with_their_number(schedule: Schedule, late: Late) -> None:
    """After eight hours asleep a workload of every minute is missed once, and 480 more times."""
    with time_machine.travel(NOON, tick=False):
        schedule.workload(workload("tests", every=60), lambda: None)
        schedule.start()
        due = schedule.next_runs()["tests"]
    morning = round((NOON + timedelta(hours=8, seconds=61)).timestamp() * 1000)
    schedule.after_jump(morning)
    schedule.after_jump(morning)
    assert [(name, at) for name, at, _ in late.missed] == [("tests", due)]
    assert "480 more" in late.missed[0][2]


def test_a_clock_set_back_does_not_stop_the_jobs(schedule: Schedule) -> None:
    """Without the guard a job would wait until the clock reaches its old time again."""
    schedule.workload(workload("tests", every=60), lambda: None)
    schedule.start()
    past = round(NOON.timestamp() * 1000) - 86_400_000 * 3650
    schedule.after_jump(past)
    assert schedule.next_runs() == {"tests": past - past % 60_000 + 60_000}


def test_a_dropped_workload_runs_no_more(schedule: Schedule) -> None:
    """After a reload without it, it is gone; dropping it twice is fine."""
    schedule.workload(workload("old"), lambda: None)
    schedule.start()
    schedule.drop_workload("old")
    schedule.drop_workload("old")
    assert schedule.next_runs() == {}


@pytest.mark.parametrize(
    ("field", "expected"),
    [("0", "Sun"), ("7", "Sun"), ("1", "Mon"), ("6", "Sat"), ("sun", "Sun"), ("FRI", "Fri")],
)
def test_weekdays_count_as_cron_counts_them(field: str, expected: str) -> None:
    """From Sunday, which is 0 and 7; APScheduler counts from Monday."""
    found = Cron(f"0 9 * * {field}").get_next_fire_time(None, NOON)
    assert found is not None
    assert found.strftime("%a") == expected


@pytest.mark.parametrize(
    ("field", "expected"),
    [("1-5", "mon,tue,wed,thu,fri"), ("5-7", "sun,fri,sat"), ("*/2", "sun,tue,thu,sat"), ("0,6", "sun,sat")],
)
def test_ranges_of_weekdays_are_spelled_out(field: str, expected: str) -> None:
    """A range may run over Sunday."""
    assert weekdays.named(f"0 9 * * {field}") == f"0 9 * * {expected}"


def test_a_day_or_a_weekday_is_enough() -> None:
    """Where both are given, says crontab(5)."""
    cron = Cron("0 0 13 * 5")
    times, at = [], NOON
    for _ in range(4):
        found = cron.get_next_fire_time(None, at)
        assert found is not None
        times.append(found.strftime("%a %d"))
        at = found.astimezone(UTC)
    assert times == ["Fri 27", "Fri 04", "Fri 11", "Sun 13"]


def test_a_job_of_a_fixed_hour_runs_once_when_that_hour_comes_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the night in which summer time ends."""
    monkeypatch.setenv("TZ", "Europe/Berlin")
    cron = Cron("30 2 * * *")
    first = cron.get_next_fire_time(None, datetime(2026, 10, 24, 12, 0, tzinfo=UTC))
    assert first is not None
    second = cron.get_next_fire_time(first, first.astimezone(UTC))
    assert second is not None
    assert (first.strftime("%d %H:%M"), second.strftime("%d %H:%M")) == ("25 02:30", "26 02:30")


def test_a_day_that_never_comes_is_a_fault() -> None:
    """The 30th of February."""
    assert cron_fault("0 0 30 2 *") == "there is no such day in any year"


def test_a_zone_nobody_knows_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    """And no traceback: a reload must not end the daemon for it."""
    monkeypatch.setenv("TZ", "CET-1CEST")
    assert "time zone" in (cron_fault("0 3 * * *") or "time zone")
