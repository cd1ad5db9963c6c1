"""The memory sampler."""

from __future__ import annotations

from collector.readings.memory import Memory as Levels
from collector.readings.memory import Swapped
from collector.samplers.base import Context, Seat
from collector.samplers.memory import Memory, Reading

from .conftest import Write, columns

LEVELS = Levels(total=1000, available=400, swap_total=200, swap_free=150)
MEMINFO = "MemTotal: 1000 kB\nMemFree: 10 kB\nMemAvailable: 750 kB\nSwapTotal: {0} kB\nSwapFree: {0} kB\n"


def test_a_row_tells_levels_and_what_moved(fake: Context) -> None:
    """Used is total minus available: caches that can be dropped are not used."""
    rows = Memory(fake).records(
        Reading(LEVELS, Swapped(100, 1000)), Reading(LEVELS, Swapped(300, 1000)), 2.0, 9
    )
    assert columns(rows) == [
        {
            "timestamp": 9,
            "total_bytes": 1000,
            "used_bytes": 600,
            "available_bytes": 400,
            "used_percent": 60.0,
            "swap_used_bytes": 50,
            "swap_in_bytes_per_s": 100.0,
            "swap_out_bytes_per_s": 0.0,
        }
    ]


def test_counters_that_went_back_give_no_row(fake: Context) -> None:
    """No negative swapping."""
    before, now = Reading(LEVELS, Swapped(100, 0)), Reading(LEVELS, Swapped(50, 0))
    assert Memory(fake).records(before, now, 1.0, 0) == []


def test_without_swap_nothing_is_swapped_and_vmstat_is_not_read(fake: Context, write: Write) -> None:
    """The dearer file is left alone: here it is not even there."""
    write({"proc/meminfo": MEMINFO.format(0)})
    seat = Seat(Memory(fake))
    seat.turn(1)
    (row,) = columns(seat.turn(2))
    assert (row["used_percent"], row["swap_used_bytes"], row["swap_in_bytes_per_s"]) == (25.0, 0, 0.0)


def test_swap_that_was_just_added_has_moved_nothing_yet(fake: Context, write: Write) -> None:
    """Counters since boot must not become the rate of the first interval."""
    write({"proc/meminfo": MEMINFO.format(0)})
    seat = Seat(Memory(fake))
    seat.turn(1)
    write({"proc/meminfo": MEMINFO.format(64), "proc/vmstat": "nr_free 1\npswpin 900\npswpout 900\n"})
    (row,) = columns(seat.turn(2))
    assert row["swap_out_bytes_per_s"] == 0.0
    write({"proc/vmstat": "nr_free 1\npswpin 900\npswpout 1000\n"})
    (row,) = columns(seat.turn(3))
    assert row["swap_out_bytes_per_s"] > 0
