"""/proc/meminfo and /proc/vmstat are read right."""

from __future__ import annotations

from pathlib import Path

import psutil
import pytest

from collector.readings.memory import PAGE_BYTES, Memory, Swapped, parse, parse_vmstat

MEMINFO = b"""MemTotal:       24684092 kB
MemFree:        20000000 kB
MemAvailable:   22000000 kB
SwapCached:           12 kB
SwapTotal:       8388604 kB
SwapFree:        8000000 kB
"""


def test_levels_are_bytes() -> None:
    """The file says kB and means KiB."""
    assert parse(MEMINFO) == Memory(24684092 * 1024, 22000000 * 1024, 8388604 * 1024, 8000000 * 1024)


def test_swap_counters_are_pages_of_the_machine() -> None:
    """Keys that merely begin alike (pswpin_...) are no counters of swap."""
    text = b"nr_free_pages 1\nswpin_zero 9\npswpin 30\npswpout 40\npswpout_x 5\n"
    assert parse_vmstat(text) == Swapped(30 * PAGE_BYTES, 40 * PAGE_BYTES)


def test_a_kernel_that_lacks_a_line_is_an_error_and_no_zero() -> None:
    """A number that is not there must never be recorded as nothing."""
    with pytest.raises(ValueError, match="subsection"):
        parse(b"MemTotal: 1 kB\n")


def test_this_machine_agrees_with_psutil() -> None:
    """An independent reader of the same file."""
    ours, theirs = parse(Path("/proc/meminfo").read_bytes()), psutil.virtual_memory()
    assert ours.total == theirs.total
    assert ours.available == pytest.approx(theirs.available, rel=0.1)
    assert ours.swap_total == psutil.swap_memory().total
