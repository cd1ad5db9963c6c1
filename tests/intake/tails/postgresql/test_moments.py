"""When a line was written, in any zone."""

from __future__ import annotations

import pytest

from collector.intake.tails.postgresql.moments import Moments
from tests.berlin import in_berlin

__all__ = ["in_berlin"]  # a fixture

NOON_UTC_MS = 1_795_348_800_000


@pytest.mark.parametrize(
    ("second", "written", "zone"),
    [
        ("2026-11-22 12:00:00", "UTC", None),
        ("2026-11-22 12:00:00", "GMT", "Europe/Berlin"),
        ("2026-11-22 14:00:00", "+02", None),
        ("2026-11-22 06:30:00", "-05:30", None),
        ("2026-11-22 17:30:00", "+0530", None),
        ("2026-11-22 13:00:00", "CET", "Europe/Berlin"),
        ("2026-11-22 07:00:00", "EST", "America/New_York"),
        ("1795348800", None, None),
    ],
)
def test_a_moment_is_read_in_its_zone(second: str, written: str | None, zone: str | None) -> None:
    """Offsets and UTC speak for themselves, an abbreviation needs a zone."""
    assert Moments(zone).second_ms(second, written) == NOON_UTC_MS


def test_the_hour_that_comes_twice_is_told_apart_by_its_abbreviation() -> None:
    """In autumn."""
    berlin = Moments("Europe/Berlin")
    summer = berlin.second_ms("2026-10-25 02:30:00", "CEST")
    winter = berlin.second_ms("2026-10-25 02:30:00", "CET")
    assert summer is not None
    assert winter == summer + 3_600_000


@pytest.mark.usefixtures("in_berlin")
def test_without_a_zone_it_is_the_machines() -> None:
    """As a log that is followed where it is written."""
    here = Moments(None)
    assert here.second_ms("2026-11-22 13:00:00", "CET") == NOON_UTC_MS
    twice = [here.second_ms("2026-10-25 02:30:00", zone) for zone in ("CEST", "CET")]
    assert twice == [1_792_888_200_000, 1_792_891_800_000]


@pytest.mark.parametrize("second", ["2026-13-01 00:00:00", "2026-11-22 25:00:00", "0000-01-01 00:00:00"])
def test_what_is_no_moment_is_none(second: str) -> None:
    """It raises nothing."""
    assert Moments(None).second_ms(second, "UTC") is None
