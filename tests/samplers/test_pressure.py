"""The pressure sampler."""

from __future__ import annotations

import pytest

from collector.readings.pressure import Totals, Waited
from collector.samplers.base import Context, Missing
from collector.samplers.pressure import Pressure

from .conftest import columns

BEFORE = Waited(Totals(0, 0), Totals(1_000_000, 500_000), Totals(0, 0))


def test_a_row_tells_shares_of_the_time_between_two_readings(fake: Context) -> None:
    """From the totals, so that a short stall is not smoothed away."""
    now = Waited(Totals(200_000, 0), Totals(2_000_000, 1_000_000), Totals(20_000, 10_000))
    assert columns(Pressure(fake).records(BEFORE, now, 2.0, 5)) == [
        {
            "timestamp": 5,
            "cpu_some_percent": 10.0,
            "memory_some_percent": 50.0,
            "memory_full_percent": 25.0,
            "io_some_percent": 1.0,
            "io_full_percent": 0.5,
        }
    ]


def test_a_total_that_went_back_gives_no_row(fake: Context) -> None:
    """Unknown, not zero."""
    now = Waited(Totals(5, 0), Totals(0, 0), Totals(5, 0))
    assert Pressure(fake).records(BEFORE, now, 1.0, 0) == []


def test_a_kernel_without_psi_lacks_the_subject(fake: Context) -> None:
    """And the reason says what to do about it."""
    with pytest.raises(Missing, match="psi=1"):
        Pressure(fake).read()
