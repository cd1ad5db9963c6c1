"""Pressure stall information is read, compared, and known to be absent."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from collector.readings.pressure import Pressure, Totals, Waited, parse, percent

from .conftest import Tree

TEXT = """some avg10=0.56 avg60=0.70 avg300=0.20 total=6507024
full avg10=0.00 avg60=0.00 avg300=0.00 total=1200
"""


def test_the_totals_are_microseconds() -> None:
    """The averages of the kernel are passed over."""
    assert parse(TEXT.encode()) == Totals(some=6507024, full=1200)


def test_a_kernel_before_5_13_has_no_full_line_for_cpu() -> None:
    """Nothing is lost: it is 0 in later ones."""
    assert parse(b"some avg10=0.00 avg60=0.00 avg300=0.00 total=5\n") == Totals(5, 0)


def test_half_a_second_of_waiting_in_two_seconds_is_25_percent() -> None:
    """Microseconds against seconds."""
    assert percent(1_000_000, 1_500_000, 2.0) == 25.0


def test_a_share_never_exceeds_100() -> None:
    """The kernel's clock and ours differ by microseconds."""
    assert percent(0, 1_000_400, 1.0) == 100.0


@pytest.mark.parametrize(("before", "now", "seconds"), [(10, 5, 1.0), (5, 10, 0.0), (5, 10, -1.0)])
def test_a_total_that_went_back_or_no_time_at_all_tells_nothing(
    before: int, now: int, seconds: float
) -> None:
    """Unknown, not zero."""
    assert percent(before, now, seconds) is None


def test_a_machine_without_psi_is_none(tmp_path: Path) -> None:
    """No folder /proc/pressure."""
    assert Pressure(tmp_path).read() is None


def test_the_three_files_are_told_apart(tree: Tree) -> None:
    """Each resource has its own."""
    line = "some avg10=0.00 avg60=0.00 avg300=0.00 total={}\n"
    root = tree({f"pressure/{name}": line.format(n) for n, name in enumerate(("cpu", "memory", "io"))})
    assert Pressure(root).read() == Waited(Totals(0, 0), Totals(1, 0), Totals(2, 0))


def test_several_threads_may_read_at_once(tree: Tree) -> None:
    """As workloads do beside the sampler."""
    pressure = Pressure(tree({f"pressure/{name}": TEXT for name in ("cpu", "memory", "io")}))
    seen: set[Waited | None] = set()
    threads = [
        threading.Thread(target=lambda: seen.update(pressure.read() for _ in range(100))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 1


@pytest.mark.skipif(Pressure().read() is None, reason="this kernel tells no pressure")
def test_the_totals_of_this_machine_never_go_back() -> None:
    """All waiting at once is part of some waiting."""
    pressure = Pressure()
    first, second = pressure.read(), pressure.read()
    assert first is not None
    assert second is not None
    for before, now in zip(first, second, strict=True):
        assert before.some <= now.some
        assert before.full <= now.full
