"""The recorder's sampler of itself."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

import psutil
import pytest

from collector.samplers.base import Context, Figures, Seat
from collector.samplers.recorder import Reading, Recorder

from .conftest import columns

FIGURES = Figures(queued=3, flush_ms=1.5, dropped=10, late_ms=0.25)
BEFORE = Reading(10.0, 1 << 20, 20 << 20, FIGURES, 4096, 0)


def test_a_row_tells_cost_levels_and_how_well_it_keeps_up(fake: Context) -> None:
    """Dropped records are those since the row before."""
    figures = Figures(queued=7, flush_ms=None, dropped=12, late_ms=4.0)
    now = Reading(10.05, 3 << 20, 21 << 20, figures, 8192, 512)
    assert columns(Recorder(fake).records(BEFORE, now, 2.0, 6)) == [
        {
            "timestamp": 6,
            "cpu_percent": pytest.approx(2.5),
            "rss_bytes": 21 << 20,
            "queued": 7,
            "flush_ms": None,
            "written_bytes_per_s": float(1 << 20),
            "dropped": 2,
            "late_ms": 4.0,
            "database_bytes": 8192,
            "wal_bytes": 512,
        }
    ]


def test_its_files_are_measured_by_size_and_may_be_missing(real: Context) -> None:
    """Before the first flush there is no log."""
    sampler = Recorder(real)
    assert (sampler.read().database_bytes, sampler.read().wal_bytes) == (0, 0)
    real.database.write_bytes(b"x" * 100)
    Path(f"{real.database}-wal").write_bytes(b"x" * 7)
    assert (sampler.read().database_bytes, sampler.read().wal_bytes) == (100, 7)


def test_the_figures_are_asked_at_each_reading(real: Context) -> None:
    """They are of that moment."""
    told = iter([FIGURES, dataclasses.replace(FIGURES, dropped=11)])
    seat = Seat(Recorder(dataclasses.replace(real, figures=lambda: next(told))))
    seat.turn(1)
    (row,) = columns(seat.turn(2))
    assert (row["dropped"], row["queued"]) == (1, 3)


def test_written_bytes_are_those_of_the_kernel(real: Context, tmp_path: Path) -> None:
    """getrusage counts the same as /proc/self/io, in blocks of 512 bytes."""
    sampler = Recorder(real)
    try:
        told = psutil.Process().io_counters().write_bytes
    except (psutil.AccessDenied, NotImplementedError):
        pytest.skip("this kernel keeps no account of I/O")
    before = sampler.read().written_bytes
    with (tmp_path / "data").open("wb") as file:
        file.write(os.urandom(1 << 20))
        file.flush()
        os.fsync(file.fileno())
    gained = psutil.Process().io_counters().write_bytes - told
    assert sampler.read().written_bytes - before == pytest.approx(gained, abs=1 << 16)


def test_resident_memory_is_that_of_the_library(real: Context) -> None:
    """An independent reader of the same file."""
    assert Recorder(real).read().rss_bytes == pytest.approx(psutil.Process().memory_info().rss, rel=0.1)
