"""/proc/meminfo is read right."""

from __future__ import annotations

from pathlib import Path

import psutil
import pytest

from collector.readings.memory import parse_available


def test_levels_are_bytes() -> None:
    """The file says kB and means KiB."""
    text = b"MemTotal:       24684092 kB\nMemAvailable:   22000000 kB\nSwapCached: 12 kB\n"
    assert parse_available(text) == 22000000 * 1024


def test_a_kernel_that_lacks_the_line_is_an_error_and_no_zero() -> None:
    """A number that is not there must never be recorded as nothing."""
    with pytest.raises(ValueError, match="subsection"):
        parse_available(b"MemTotal: 1 kB\n")


def test_this_machine_agrees_with_psutil() -> None:
    """An independent reader of the same file."""
    ours = parse_available(Path("/proc/meminfo").read_bytes())
    assert ours == pytest.approx(psutil.virtual_memory().available, rel=0.1)
