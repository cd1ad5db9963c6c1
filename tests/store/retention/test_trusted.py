"""The time by which rows are old: no jump of the clock ever deletes what is young."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from collector.sections import Retention
from collector.store.database import transaction
from collector.store.retention.trusted import Trust
from collector.units import Duration
from tests.store.retention.aged import BEGIN, DAY, NOW_MS, Aged, days_ago

YEAR = 365 * 86_400
FAR = 1 << 60
MONTH = Retention(samples=Duration(30 * 86_400), reported=Duration(30 * 86_400))


@pytest.fixture
def young(aged: Aged) -> Aged:
    """A record of which nothing is old, all of it rolled up."""
    aged.restart(MONTH)
    aged.rolled(cpu=FAR, skill=FAR)
    aged.round()
    aged.cpu(*days_ago(20, 0.5, 0))
    aged.skills(*days_ago(20, 0.5, 0))
    return aged


def is_whole(aged: Aged) -> bool:
    """Whether nothing of it went."""
    return (len(aged.moments("cpu_samples")), len(aged.moments("skill_metrics"))) == (3, 3)


@pytest.mark.parametrize("years", [1, 10, -1, -50])
def test_a_clock_that_is_set_wrong_for_ten_minutes_is_not_believed(young: Aged, years: int) -> None:
    """Nor when it comes back; and the same again over restarts in between."""
    for restart in (False, True):
        young.later(0, years * YEAR)
        for _ in range(10):
            young.later(60)
            young.round()
        if restart:
            young.restart(MONTH)
            young.round()
        young.later(0, -years * YEAR)
        young.round()
        assert is_whole(young)
    assert young.trusted() - NOW_MS == 20 * 60_000


def test_rows_of_a_wrong_clock_are_young(young: Aged) -> None:
    """They lie in the future, until that has come."""
    young.cpu(NOW_MS + YEAR * 1000)
    young.skills(NOW_MS + YEAR * 1000)
    young.later(5, YEAR / 4)
    young.run_for(25)
    assert young.moments("cpu_samples") == young.moments("skill_metrics") == [NOW_MS + YEAR * 1000]


def test_a_machine_that_was_off_for_months_is_believed_after_a_day(young: Aged) -> None:
    """A day of running, not of waiting; restarts in between do not begin it anew."""
    young.restart(MONTH)
    young.later(5, YEAR / 4)
    young.round()
    young.run_for(12)
    young.restart(MONTH)
    young.later(30)
    young.run_for(11.5)
    assert is_whole(young)
    young.run_for(1.5)
    assert young.moments("cpu_samples") == young.moments("skill_metrics") == []
    assert young.trusted() == young.now.wall_ms


def test_a_clock_that_jumps_on_is_not_steady(young: Aged) -> None:
    """The day begins anew with each jump, and with each restart after which it is behind."""
    young.later(5, YEAR)
    young.run_for(20)
    young.later(5, YEAR)
    young.run_for(20)
    young.restart(MONTH)
    young.later(5, -YEAR)
    young.run_for(20)
    young.restart(MONTH)
    young.later(5, YEAR)
    young.run_for(3)
    assert is_whole(young)


def sessions(aged: Aged, count: int, hours: float = 4) -> Iterator[None]:
    """A laptop: so long from Monday to Friday, off otherwise; at the beginning of each, before it looks."""
    for day in range(count):
        aged.later(0, 86_400 * (3 if day % 5 == 0 else 1) - hours * 3600)
        trust = Trust()
        yield
        for _ in range(4):
            look(aged, trust)
            aged.later(hours * 900)
        look(aged, trust)


def look(aged: Aged, trust: Trust) -> None:
    """What a round does first."""
    with transaction(aged.made.conn):
        trust.look(aged.made.conn, aged.now)


@pytest.mark.parametrize("hours", [2, 4, 9])
def test_a_laptop_that_is_used_lightly_keeps_up(aged: Aged, hours: int) -> None:
    """The day of running is summed up over its sessions, so it lags by a week or some, at any time."""
    aged.round()
    lags = [aged.now.wall_ms - aged.trusted() for _ in sessions(aged, 13 * 5, hours)]
    assert 2 * DAY < max(lags) <= {2: 21, 4: 14, 9: 7}[hours] * DAY


@pytest.mark.parametrize("years", [1, 10, -1])
def test_a_laptop_does_not_believe_a_wrong_clock_either(aged: Aged, years: int) -> None:
    """Not for ten minutes with which it has run for a day since it was off for long."""
    aged.round()
    aged.later(0, 10 * 86_400)
    for hours in (4, 4, 4, 4, 4, 3.9):
        trust = Trust()
        look(aged, trust)
        aged.later(hours * 3600)
        look(aged, trust)
        aged.later(0, 20 * 3600)
    true_ms, trust = aged.now.wall_ms, Trust()
    aged.later(0, years * YEAR)
    look(aged, trust)
    aged.later(600)
    look(aged, trust)
    assert aged.trusted() <= true_ms
    aged.later(0, -years * YEAR)
    look(aged, Trust())
    assert aged.trusted() <= true_ms


def test_a_night_or_a_suspend_is_believed_at_once(young: Aged) -> None:
    """Up to a day, which every machine is off now and then."""
    for _ in range(12):
        young.restart(MONTH)
        young.later(5, 0.9 * 86_400)
        young.round()
    assert young.trusted() == young.now.wall_ms
    assert young.moments("cpu_samples") == days_ago(0.5, 0)


def test_a_clock_set_back_spares_rows_at_once(young: Aged) -> None:
    """Once it is right again after a year of being wrong, what is young by it stays."""
    young.later(5, YEAR)
    young.run_for(26)
    assert young.moments("cpu_samples") == []
    young.later(5, -YEAR)
    young.cpu(young.now.wall_ms - DAY // 2)
    young.round()
    assert len(young.moments("cpu_samples")) == 1
    young.run_for(26)
    assert young.trusted() == young.now.wall_ms


def test_an_old_file_without_a_trusted_time_begins_where_it_was_left(aged: Aged) -> None:
    """At the end of its last session; a file without one begins now."""
    aged.made.session(3 * DAY, 2 * DAY)
    aged.made.session(DAY, None)
    aged.round()
    assert aged.trusted() == days_ago(2)[0]
    aged.rows("DELETE FROM upkeep_positions")
    aged.rows("DELETE FROM recorder_sessions")
    aged.round()
    assert aged.trusted() == NOW_MS


@pytest.mark.parametrize("years", [1, 100, -1])
def test_a_clock_that_jumps_before_the_first_look_is_not_believed_either(aged: Aged, years: int) -> None:
    """A new file begins when its session began, not when it is first looked at."""
    aged.made.session(0, None)
    aged.rolled(cpu=FAR, skill=FAR)
    aged.cpu(NOW_MS)
    aged.later(30, 30 + years * YEAR)
    aged.round()
    aged.later(0, -years * YEAR)
    aged.round()
    assert aged.moments("cpu_samples") == [NOW_MS]


@pytest.mark.parametrize("seed", range(2))
def test_no_mix_of_short_jumps_deletes_what_is_young(aged: Aged, seed: int) -> None:
    """Jumps of hours to decades that last for hours, restarts and suspends, in any order."""
    chance = random.Random(seed)
    aged.rolled(cpu=FAR, skill=FAR)
    aged.round()
    aged.cpu(NOW_MS)
    true_ms = NOW_MS
    for _ in range(30):
        away_s = chance.choice((0, 86_400 * 40, YEAR, 10 * YEAR, -YEAR))
        hours = chance.uniform(0, 3)
        aged.later(0, away_s)
        aged.run_for(hours)
        true_ms += round(round(2 * hours) * 1_800_000)
        aged.later(0, -away_s)
        aged.round()
        if chance.random() < 0.3:
            aged.restart()
        if true_ms - NOW_MS < DAY:
            assert aged.moments("cpu_samples") == [NOW_MS]
    assert aged.trusted() <= true_ms
    assert aged.now.wall_ms == true_ms
    assert BEGIN.wall_ms == NOW_MS
