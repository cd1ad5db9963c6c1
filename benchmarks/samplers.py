"""What one turn of the samplers costs, back to back and after a pause, as in the daemon.

After a pause the processor's caches hold something else, which is what the daemon really pays.
"""

from __future__ import annotations

import statistics
import time

from benchmarks.report import Row
from collector import samplers  # noqa: F401  # announces the samplers
from collector.samplers.base import SAMPLERS, Context, Seat
from collector.settings import Settings

TURNS = 60
PAUSE_SECONDS = 0.05


def run(_seconds: int) -> list[Row]:
    """Medians of processor time, a row a sampler."""
    context = Context(Settings(path=None))
    return [row for kind in SAMPLERS.values() for row in rows(Seat(kind(context)))]


def rows(seat: Seat) -> list[Row]:
    """Of one sampler that this machine has."""
    seat.turn(0)
    if seat.missing:
        return [Row(f"{seat.name}: this machine has none", 0, "µs")]
    warm, cold = turns(seat, 0.0), turns(seat, PAUSE_SECONDS)
    return [Row(f"{seat.name}, after a pause", cold, "µs", None, f"{warm:.0f} µs back to back")]


def turns(seat: Seat, pause: float) -> float:
    """Median microseconds of processor time a turn."""
    spent = []
    for at in range(1, TURNS):
        time.sleep(pause)
        start = time.thread_time_ns()
        seat.turn(at)
        spent.append((time.thread_time_ns() - start) / 1000)
    return statistics.median(spent)
