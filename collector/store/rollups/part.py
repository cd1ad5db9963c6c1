"""Count, sum, bounds and sketch of some values of one series; and how they are stored."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from collector import sketch
from collector.sketch import Buckets

# count, sum, min, max, sketch
Row = tuple[int, float, float | None, float | None, bytes | None]


@dataclass(slots=True)
class Part:
    """What is kept of some values; of none of them at first."""

    count: int = 0
    total: float = 0.0
    low: float = math.inf
    high: float = -math.inf
    buckets: Buckets = field(default_factory=dict)

    @classmethod
    def of(cls, values: Sequence[float]) -> Part:
        """Of these, at least one."""
        count, low, high = len(values), float(min(values)), float(max(values))
        if low == high:
            return cls(count, low * count, low, high, {sketch.bucket_of(low): count})
        part = cls(count, math.fsum(values), low, high)
        sketch.add(part.buckets, values)
        return part

    def add(self, more: Part) -> None:
        """Count other values too."""
        self._count(more.count, more.total, more.low, more.high)
        sketch.merge(self.buckets, more.buckets.items())

    def add_rows(self, rows: Sequence[Row]) -> None:
        """Count the values of many stored rows too; faster than one by one."""
        try:
            buckets = sketch.merged([row[4] for row in rows if row[4] is not None])
        except ValueError:  # one by one what can be read of each is counted
            for row in rows:
                self.add_row(row)
            return
        for row in rows:
            self._count_row(row)
        sketch.merge(self.buckets, buckets.items())

    def add_row(self, row: Row) -> None:
        """Count the values of a stored row too."""
        self._count_row(row)
        try:
            sketch.merge_packed(self.buckets, row[4] or b"")
        except ValueError as error:  # a damaged file; the next rows go on from what could be read
            _tell(error)

    def _count_row(self, row: Row) -> None:
        """All but a sketch; where there is none, its bounds say what would be in it."""
        count, total, stored_low, stored_high, packed = row
        low = total / count if stored_low is None else stored_low
        high = low if stored_high is None else stored_high
        self._count(count, total, low, high)
        if packed is None:
            ends = [(low, count)] if low == high else [(low, 1), (high, 1)]
            sketch.merge(self.buckets, ((sketch.bucket_of(value), times) for value, times in ends))

    def _count(self, count: int, total: float, low: float, high: float) -> None:
        self.count += count
        self.total += total
        self.low = min(self.low, low)
        self.high = max(self.high, high)

    def row(self) -> Row:
        """How it is stored: what follows from the rest is null."""
        if self.low == self.high:
            low = None if self.total / self.count == self.low else self.low
            return self.count, self.total, low, None, None
        packed = sketch.pack(self.buckets) if self.count > 2 else None
        return self.count, self.total, self.low, self.high, packed


def _tell(error: ValueError) -> None:
    # Only now: the log's library costs a command more time than most answers take.
    from collector.log import get_logger  # noqa: PLC0415

    get_logger("rollups").warning("rollups.unreadable", error=str(error))
