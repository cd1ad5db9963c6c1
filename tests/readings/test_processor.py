"""/proc/stat is read right."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from collector.readings.processor import TICKS_PER_S, parse

STAT = b"""cpu  7525 11 2748 391002 478 3 68 561 40 0
cpu0 1280 5 892 198708 20 1 10 281 20 0
cpu1 6245 6 1856 192293 458 2 58 280 20 0
intr 4711 0 9 0
ctxt 1234567
btime 1792652400
processes 20000
"""


def test_ticks_become_seconds_and_every_field_finds_its_place() -> None:
    """Fields in the order of proc(5); guest time is left out, being part of user time."""
    now = parse(STAT)
    assert now[:8] == pytest.approx([n / TICKS_PER_S for n in (7525, 11, 2748, 391002, 478, 3, 68, 561)])
    assert now.switches == 1234567
    assert now.cores == 2


def test_waiting_for_a_disk_counts_as_idling() -> None:
    """A core that waits for a disk can run something else."""
    now = parse(STAT)
    assert now.idling == pytest.approx((391002 + 478) / TICKS_PER_S)
    assert now.total == pytest.approx(402396 / TICKS_PER_S)


def test_this_machine_tells_its_cores_and_a_growing_total() -> None:
    """The real file: as many cores as the system says, and time that passes."""
    first = parse(Path("/proc/stat").read_bytes())
    second = parse(Path("/proc/stat").read_bytes())
    assert first.cores == os.cpu_count()
    assert second.switches >= first.switches
    assert 0 < first.idling <= first.total
