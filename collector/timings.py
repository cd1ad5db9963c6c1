"""How long our own statements take, by what they do. Counted in memory since the start."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any

from collector import sketch
from collector.sketch import Buckets

MOST = 200
OTHER = "other"


@dataclass(slots=True)
class _Times:
    count: int = 0
    total_ms: float = 0.0
    min_ms: float = float("inf")
    max_ms: float = 0.0
    rows: int = 0
    buckets: Buckets = field(default_factory=dict)

    def add(self, duration_ms: float, rows: int) -> None:
        self.count += 1
        self.total_ms += duration_ms
        self.min_ms = min(self.min_ms, duration_ms)
        self.max_ms = max(self.max_ms, duration_ms)
        self.rows += rows
        sketch.add(self.buckets, (duration_ms,))

    def row(self, operation: str) -> dict[str, Any]:
        (p95_ms,) = sketch.percentiles(self.buckets, (0.95,))
        return {
            "operation": operation,
            "count": self.count,
            "total_ms": self.total_ms,
            "avg_ms": self.total_ms / self.count,
            "min_ms": self.min_ms,
            "max_ms": self.max_ms,
            # A bucket stands for all in it within 1 %: what it says may lie beyond the bounds.
            "p95_ms": min(max(p95_ms or 0.0, self.min_ms), self.max_ms),
            "rows": self.rows,
        }


class Timings:
    """Count, mean, bounds and 95th percentile of each operation; safe to share between threads.

    At most ``most`` names are told apart, the rest are counted as ``other``.
    """

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._times: dict[str, _Times] = {}

    def heard(self, name: str, duration_ms: float, rows: int) -> None:
        """Count one; as the writer's hook wants it."""
        with self._lock:
            if name not in self._times and len(self._times) >= self._most:
                name = OTHER
            self._times.setdefault(name, _Times()).add(duration_ms, rows)

    def table(self) -> list[dict[str, Any]]:
        """A row an operation, what took longest in all first: operation, count, the times in ms, rows."""
        with self._lock:
            rows = [times.row(name) for name, times in self._times.items()]
        return sorted(rows, key=lambda row: (-row["total_ms"], row["operation"]))
