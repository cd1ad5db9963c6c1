"""Warns of our own queries that take too long, each name at most every 30 s."""

from __future__ import annotations

import time

from collector.log import Folded, get_logger

log = get_logger("slow")


class SlowQueries:
    """Hears the time of each statement; ``threshold`` is in seconds. It only logs and feeds nothing."""

    def __init__(self, threshold: float) -> None:
        self.threshold = threshold
        self._told: dict[str, Folded] = {}

    def __call__(self, name: str, duration_ms: float, rows: int) -> None:
        """Warn with ``query.slow`` when ``duration_ms`` is over the threshold."""
        if duration_ms <= self.threshold * 1000:
            return
        told = self._told.setdefault(name, Folded(log, "query.slow"))
        told.happened(
            time.monotonic(),
            name=f"collector.{name}",
            duration_ms=round(duration_ms, 1),
            threshold_ms=self.threshold * 1000,
            rows=rows,
        )
