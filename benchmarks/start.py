"""From the start of the process to READY, which is sent after the first commit."""

from __future__ import annotations

import statistics
import tempfile
from pathlib import Path

from benchmarks.recorder import recorder
from benchmarks.report import Row

RUNS = 7


def run(_seconds: int) -> list[Row]:
    """Medians on a new file and on one that is there."""
    new, again = [], []
    for _ in range(RUNS):
        with tempfile.TemporaryDirectory() as folder:
            with recorder(Path(folder)) as first:
                new.append(first.ready_ms)
            with recorder(Path(folder)) as second:
                again.append(second.ready_ms)
    return [
        Row("start to READY, new file", statistics.median(new), "ms", ("<=", 500), _spread(new)),
        Row("start to READY, existing file", statistics.median(again), "ms", ("<=", 500), _spread(again)),
    ]


def _spread(values: list[float]) -> str:
    return f"{min(values):.0f} to {max(values):.0f}"
