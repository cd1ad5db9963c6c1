"""Times the operations: warm-up, repetitions, verdicts."""

from __future__ import annotations

import resource
import statistics
import time
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import plans, rows
from .board import create, opened
from .fill import filling
from .operation import Board, Operation
from .operations import OPERATIONS

WARM_UP = 1


@dataclass(frozen=True, slots=True)
class Measured:
    """What became of one operation: the time of each repetition in ms, the processor time of all.

    ``unused`` names indexes that its plan should have, and has not.
    """

    operation: Operation
    target_ms: float
    times_ms: list[float]
    user_ms: float
    system_ms: float
    unused: list[str]

    @property
    def p50_ms(self) -> float:
        """The median."""
        return statistics.median(self.times_ms)

    @property
    def p95_ms(self) -> float:
        """By linear interpolation between ranks, as PERCENTILE_CONT."""
        if len(self.times_ms) == 1:
            return self.times_ms[0]
        return statistics.quantiles(self.times_ms, n=20, method="inclusive")[-1]

    @property
    def under_by(self) -> float:
        """How often its time goes into the target's; below 1 it is missed."""
        return self.target_ms / self.p95_ms

    @property
    def missed(self) -> str | None:
        """Why this is a miss, in words, or None."""
        if self.unused:
            return f"{self.operation.name} (does not use {', '.join(self.unused)})"
        return self.operation.name if self.under_by < 1 else None

    def row(self) -> dict[str, Any]:
        """All of it for ``--json``."""
        return {
            "operation": self.operation.name,
            "target_ms": self.target_ms,
            "p50_ms": self.p50_ms,
            "p95_ms": self.p95_ms,
            "min_ms": min(self.times_ms),
            "max_ms": max(self.times_ms),
            "runs": len(self.times_ms),
            "ok": self.missed is None,
            "index": ", ".join(self.operation.indexes) or None,
            "unused_index": ", ".join(self.unused) or None,
        }


def measured(board: Board, operation: Operation, runs: int, stricter: float = 1.0) -> Measured:
    """Time an operation ``runs`` times, after warming up; its target is divided by ``stricter``."""
    unused = plans.unused(board.database, operation.indexes, operation.explained(board))
    times_ms, user_ms, system_ms = [], 0.0, 0.0
    for n in range(WARM_UP + runs):
        work = operation.prepare(board, n)
        before, start = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
        work()
        end, after = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF)
        if n >= WARM_UP:
            times_ms.append((end - start) * 1000)
            user_ms += (after.ru_utime - before.ru_utime) * 1000
            system_ms += (after.ru_stime - before.ru_stime) * 1000
    return Measured(operation, operation.target_ms / stricter, times_ms, user_ms, system_ms, unused)


def steps(size: int) -> int:
    """How many steps `measuring` takes."""
    return -(-size // rows.TASKS_PER_EPIC) + len(OPERATIONS)


def measuring(
    folder: Path, size: int, runs: int, stricter: float = 1.0
) -> Generator[Measured | None, None, None]:
    """Make a taskboard in ``folder``, fill it and time every operation.

    One step at a time: None for each epic that is filled in, then what became of each operation.
    """
    with opened(folder / "taskboard.db") as database:
        create(database)
        for _ in filling(database, size):
            yield None
        board = Board(database, folder, size)
        for operation in OPERATIONS:
            yield measured(board, operation, runs, stricter)
