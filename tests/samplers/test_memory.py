"""The memory sampler."""

from __future__ import annotations

from collector.samplers.base import Context, Seat
from collector.samplers.memory import Memory, Reading

from .conftest import Write, columns

LEVELS = Reading(total=1000, available=400, swap_used=50, swapped=(0, 0))
MEMINFO = (
    "MemTotal: 1000 kB\nMemFree: 10 kB\nMemAvailable: 750 kB\nBuffers: 1 kB\nCached: 1 kB\n"
    "Active: 1 kB\nInactive: 1 kB\nShmem: 1 kB\n"
    "SwapTotal: 64 kB\nSwapFree: 60 kB\n"
)


def test_a_row_tells_levels_and_what_moved(fake: Context) -> None:
    """Used is total minus available: caches that can be dropped are not used."""
    before, now = LEVELS._replace(swapped=(100, 1000)), LEVELS._replace(swapped=(300, 1000))
    assert columns(Memory(fake).records(before, now, 2.0, 9)) == [
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
    before, now = LEVELS._replace(swapped=(100, 0)), LEVELS._replace(swapped=(50, 0))
    assert Memory(fake).records(before, now, 1.0, 0) == []


def test_the_files_of_the_kernel_become_a_row(fake: Context, write: Write) -> None:
    """Two readings by way of a seat; pages swapped since boot become a rate."""
    write({"proc/meminfo": MEMINFO, "proc/vmstat": "nr_free 1\npswpin 900\npswpout 900\n"})
    seat = Seat(Memory(fake))
    assert seat.turn(1) == []
    write({"proc/vmstat": "nr_free 1\npswpin 900\npswpout 1000\n"})
    (row,) = columns(seat.turn(2))
    assert (row["used_percent"], row["available_bytes"], row["swap_in_bytes_per_s"]) == (25.0, 750 << 10, 0.0)
    assert row["swap_out_bytes_per_s"] > 0


def test_this_machine_has_memory(real: Context) -> None:
    """Used and available make the total."""
    seat = Seat(Memory(real))
    seat.turn(1)
    (row,) = columns(seat.turn(2))
    assert row["used_bytes"] + row["available_bytes"] == row["total_bytes"] > 0


def test_a_machine_without_swap_is_asked_about_it_once_a_minute(fake: Context, write: Write) -> None:
    """What was just added shows within that minute; until then nothing is swapped."""
    write({"proc/meminfo": MEMINFO.replace("64 kB", "0 kB").replace("60 kB", "0 kB")})
    write({"proc/vmstat": "pswpin 0\npswpout 0\n"})
    sampler = Memory(fake)
    assert sampler._swap(100.0) == (0, (0, 0))
    write({"proc/meminfo": MEMINFO, "proc/vmstat": "pswpin 1\npswpout 2\n"})
    assert sampler._swap(159.0) == (0, (0, 0))
    assert sampler._swap(161.0) == (4096, (4096, 8192))
