"""Moments as people write and read them, in the reader's time zone."""

from __future__ import annotations

import pytest

from collector.moments import at_minute, at_second, parse_since, when
from tests.berlin import in_berlin, ms

__all__ = ["in_berlin"]  # a fixture

pytestmark = pytest.mark.usefixtures("in_berlin")

NOW = ms("2026-03-18 14:05:03")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("7d", NOW - 7 * 86_400_000),
        ("12h", NOW - 12 * 3_600_000),
        ("1h30m", NOW - 5_400_000),
        ("2026-03-18", ms("2026-03-18 00:00:00")),
        ("2026-03-18 12:40", ms("2026-03-18 12:40:00")),
        ("2026-03-18T12:40:00Z", ms("2026-03-18 13:40:00")),
        (" 2026-03-18 ", ms("2026-03-18 00:00:00")),
        ("1960-01-01", 0),
        ("3650d", NOW - 3650 * 86_400_000),
    ],
)
def test_a_length_of_time_or_a_moment_is_read(text: str, expected: int) -> None:
    """A moment without a zone is local; before the epoch nothing was recorded."""
    assert expected == parse_since(text, NOW)


@pytest.mark.parametrize(
    "text", ["", "12x", "yesterdayish", "-3d", "0s", "2026-13-01", "0001-01-01T00:00x", "9" * 400 + "d"]
)
def test_anything_else_is_refused_with_what_is_allowed(text: str) -> None:
    """One sentence that names both ways to say it."""
    with pytest.raises(ValueError, match="7d or 12h, or a moment such as 2026-03-01"):
        parse_since(text, NOW)


def test_the_future_is_refused() -> None:
    """Nothing was recorded there, and a typing error is likelier."""
    with pytest.raises(ValueError, match="lies in the future"):
        parse_since("2062-03-01", NOW)


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        (NOW - 400, "0.4 s ago"),
        (NOW - 42_000, "42 s ago"),
        (NOW + 12_000, "in 12 s"),
        (NOW - 17 * 60_000 - 28_000, "17 m ago"),
        (NOW + 17 * 60_000, "in 17 m"),
        (ms("2026-03-18 09:14:00"), "09:14"),
        (ms("2026-03-17 23:59:59"), "Tue 23:59"),
        (ms("2026-03-19 03:00:00"), "Thu 03:00"),
        (ms("2026-02-01 09:00:00"), "01 Feb 09:00"),
        (ms("2025-12-31 09:00:00"), "2025-12-31 09:00"),
        (None, "–"),
    ],
)
def test_a_moment_is_relative_when_near(moment: int | None, expected: str) -> None:
    """Within the hour; further away it is a time of day with as much of the date as it takes."""
    assert expected == when(moment, NOW)


def test_exact_times_keep_their_seconds() -> None:
    """The ledger's times can be looked up in a log."""
    assert at_second(ms("2026-03-17 14:05:03"), NOW) == "Tue 14:05:03"
    assert at_minute(ms("2026-03-17 14:05:03"), NOW) == "Tue 14:05"
