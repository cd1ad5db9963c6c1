"""Moments and windows as they are said to `why` and `compare`."""

from __future__ import annotations

import pytest

from collector.answers.windows import moment, window
from collector.moments import at_minute, at_second
from tests.answers.made import DAY, HOUR, MINUTE
from tests.berlin import in_berlin, ms

__all__ = ["in_berlin"]  # a fixture

pytestmark = pytest.mark.usefixtures("in_berlin")

NOW = ms("2026-03-18 14:05:03")  # a Wednesday


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("9:00", ms("2026-03-18 09:00")),
        ("14:05", ms("2026-03-18 14:05")),
        ("14:06", ms("2026-03-17 14:06")),
        ("yesterday 9:00", ms("2026-03-17 09:00")),
        ("Today 09:00:30", ms("2026-03-18 09:00:30")),
        ("Tue 14:05:03", ms("2026-03-17 14:05:03")),
        ("Wed 15:00", ms("2026-03-11 15:00")),
        ("17 Mar 9:00", ms("2026-03-17 09:00")),
        ("24 Dec 18:00", ms("2025-12-24 18:00")),
        ("2026-03-01 14:05", ms("2026-03-01 14:05")),
        ("2026-03-18T12:40:00Z", ms("2026-03-18 13:40")),
        ("10m ago", NOW - 10 * MINUTE),
        ("10m", NOW - 10 * MINUTE),
        ("now", NOW),
        ("1 h 30 m ago", NOW - 90 * MINUTE),
    ],
)
def test_a_moment_is_read_as_people_say_it(text: str, expected: int) -> None:
    """A time without a day is the newest such; without a zone it is local."""
    assert expected == moment(text, NOW)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "not a length of time"),
        ("soon", "not a length of time"),
        ("tests ago", "not a moment"),
        ("25:00", "not a moment"),
        ("12:61", "not a moment"),
        ("someday 9:00", "not a length of time"),
        ("31 Feb 9:00", "is a day that does not exist"),
        ("0 Feb 9:00", "is a day that does not exist"),
        ("99999999999 Feb 9:00", "not a length of time"),
        ("2026-02-31", "is a day that does not exist"),
        ("yesterday", "is a whole day: add a time, as in 'yesterday 9:00'"),
        ("2026-03-01", "is a whole day: add a time"),
        ("today 15:00", "lies in the future"),
        ("2026-03-19 01:00", "lies in the future"),
    ],
)
def test_what_is_no_moment_is_refused_with_the_reason(text: str, reason: str) -> None:
    """A whole day, one that does not exist and the future among it."""
    with pytest.raises(ValueError, match=reason):
        moment(text, NOW)


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2028-02-10 12:00", "2024-02-29 09:00"),
        ("2027-03-10 12:00", "2024-02-29 09:00"),
        ("2028-02-29 12:00", "2028-02-29 09:00"),
        ("2103-03-01 12:00", "2096-02-29 09:00"),
    ],
)
def test_a_leap_day_is_the_newest_such(now: str, expected: str) -> None:
    """Neither this year nor the one before need have one."""
    assert ms(expected) == moment("29 Feb 9:00", ms(now))


@pytest.mark.parametrize("ago_ms", [MINUTE, 20 * HOUR, 3 * DAY, 40 * DAY, 300 * DAY])
def test_a_moment_that_was_printed_can_be_typed(ago_ms: int) -> None:
    """To the second and to the minute, as far as the date goes."""
    at = (NOW - ago_ms) // 1000 * 1000
    assert at == moment(at_second(at, NOW), NOW)
    assert at - at % MINUTE == moment(at_minute(at, NOW), NOW)


@pytest.mark.parametrize(
    ("text", "since", "until"),
    [
        ("yesterday", ms("2026-03-17"), ms("2026-03-18")),
        ("today", ms("2026-03-18"), NOW),
        ("2026-03-01", ms("2026-03-01"), ms("2026-03-02")),
        ("2026-03-01..2026-03-07", ms("2026-03-01"), ms("2026-03-07")),
        ("Sat..Sun", ms("2026-03-14"), ms("2026-03-15")),
        ("Sun..Mon", ms("2026-03-15"), ms("2026-03-16")),
        ("7d..1d", NOW - 7 * DAY, NOW - DAY),
        ("7d", NOW - 7 * DAY, NOW),
        ("7d..", NOW - 7 * DAY, NOW),
        ("..7d", 0, NOW - 7 * DAY),
        ("yesterday 9:00..yesterday 12:00", ms("2026-03-17 09:00"), ms("2026-03-17 12:00")),
        ("10:00 .. 11:00", ms("2026-03-18 10:00"), ms("2026-03-18 11:00")),
        ("2026-03-01..today", ms("2026-03-01"), ms("2026-03-18")),
        ("1h..now", NOW - HOUR, NOW),
    ],
)
def test_a_window_is_read_as_people_say_it(text: str, since: int, until: int) -> None:
    """A day is its first moment, so that two in a row do not overlap; nothing goes beyond now."""
    assert (since, until) == window(text, NOW)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("1d..7d", "ends before it begins"),
        ("2026-03-19..2026-03-20", "lies in the future"),
        ("today..today", "is empty: its end, or the day there, does not belong to it"),
        ("10:00", "not a window"),
        ("main", "not a window"),
        ("main..dev", "not a length of time"),
    ],
)
def test_what_is_no_window_is_refused_with_the_reason(text: str, reason: str) -> None:
    """A single moment among it: it has no end."""
    with pytest.raises(ValueError, match=reason):
        window(text, NOW)
