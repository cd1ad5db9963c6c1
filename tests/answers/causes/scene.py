"""A workload that changed, with whatever else moved then: real records, and the change as it was found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from collector.answers.causes.cause import cause
from collector.answers.causes.move import median
from collector.answers.found import Cause, Found
from collector.answers.subjects import Point, Subject
from collector.records.process import ProcessSample
from collector.records.session import Session
from tests.answers.made import MINUTE, Made

OLD, NEW = "a" * 40, "3f9c2ab" + "0" * 33
BEFORE, AFTER = 12, 8
EVERY_MS = 10 * MINUTE
# Single runs lie so far from their median.
NOISE = (0.0, 0.01, -0.02, 0.015, -0.01, 0.005, -0.005, 0.02)

QUIET = {
    "busy_percent": 30.0, "others_percent": 3.0, "cpu_some_percent": 1.0, "memory_some_percent": 0.0,
    "io_some_percent": 0.2, "available_bytes": 9_800_000_000, "temperature_celsius": 60.0,
    "frequency_mhz": 3900.0, "on_battery": False, "user_ms": 80.0, "system_ms": 10.0, "boot_id": "b",
    "git_commit": OLD, "git_dirty": False, "command": "make test",
}  # fmt: skip

Columns = dict[str, Any]


def near(value: float, n: int) -> float:
    """One of many values around ``value``."""
    return value * (1 + NOISE[n % len(NOISE)])


class Scene:
    """A record with one workload ``it``: 12 runs of 100 ms, then 8 that take ``ratio`` times as long."""

    def __init__(self, made: Made, ratio: float = 2.0) -> None:
        self.made, self.ratio = made, ratio
        self.moments = [made.now_ms - (BEFORE + AFTER - n) * EVERY_MS for n in range(BEFORE + AFTER)]

    def runs(self, before: Columns | None = None, after: Columns | None = None, name: str = "it") -> None:
        """The runs, on a quiet machine but for what is said of either side; a list is one value a run."""
        self._runs(name, 1.0, 0, BEFORE, QUIET | (before or {}))
        self._runs(name, self.ratio, BEFORE, AFTER, QUIET | (before or {}) | (after or {}))

    def bare(self) -> None:
        """The runs, with nothing known of the machine or the code."""
        self.runs(dict.fromkeys(QUIET))

    def peer(self, name: str, ratio: float, kind: str = "command", **columns: Any) -> None:
        """Another workload, a minute after each run, that takes ``ratio`` times as long after the change."""
        given = dict.fromkeys(QUIET) | columns | {"workload_kind": kind}
        self._runs(name, 1.0, 0, BEFORE, given, MINUTE)
        self._runs(name, ratio, BEFORE, AFTER, given, MINUTE)

    def process(self, name: str, before: float, after: float) -> None:
        """A program that took so much of a core."""
        for n, moment in enumerate(self.moments):
            percent = before if n < BEFORE else after
            self.made.add(
                ProcessSample.record(
                    timestamp=moment + 5, pid=len(name), name=name, cpu_percent=percent, rss_bytes=1
                )
            )

    def sessions(self, before: Columns, after: Columns) -> None:
        """The recorder was started anew between the levels."""
        given = {"machine_id": "m", "boot_id": "b", "version": "0.1.0", "pid": 1, "kernel": "6.1.0-12"}
        border = self.moments[BEFORE] - MINUTE
        first = given | before | {"start_ms": 0, "end_ms": border}
        self.made.add(Session.record(**first), Session.record(**given | after, start_ms=border))

    def found(self, **columns: Any) -> Found:
        """The change, as detection would have it."""
        values = [near(100.0 if n < BEFORE else 100.0 * self.ratio, n) for n in range(BEFORE + AFTER)]
        points = [Point(at, value) for at, value in zip(self.moments, values, strict=True)]
        return self.of(points, **columns)

    def of(self, points: Sequence[Point], border: int = BEFORE, **columns: Any) -> Found:
        """A change of the workload after so many of the points."""
        before, after = points[:border], points[border:]
        was, now = median([p.value for p in before]), median([p.value for p in after])
        subject = columns.pop("subject", Subject("workload", "it", "wall_ms"))
        # As detection has it: the logarithm of nothing is one of very little.
        ratio = max(now, 1e-3) / max(was, 1e-3)
        made = Found(subject, before, after, was, now, ratio, ratio * 0.97, ratio * 1.03, confirmed=True)
        return replace(made, **columns)

    def cause(self, found: Found | None = None, others: Sequence[Found] = ()) -> Cause:
        """Why, as the record tells."""
        with self.made.reader() as database:
            return cause(database, found or self.found(), others)

    def _runs(
        self, name: str, ratio: float, start: int, count: int, columns: Columns, late_ms: int = 0
    ) -> None:
        for n in range(start, start + count):
            given = {key: value[n] if isinstance(value, list) else value for key, value in columns.items()}
            ago_ms = self.made.now_ms - self.moments[n] - late_ms
            self.made.run(name, ago_ms, given.pop("wall_ms", near(100.0 * ratio, n)), **given)
