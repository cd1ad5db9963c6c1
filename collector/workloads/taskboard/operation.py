"""What an operation is: something to prepare, something to time, a target, and the indexes it must use."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from collector.orm import peewee

from . import rows


@dataclass(frozen=True, slots=True)
class Board:
    """An open taskboard of ``size`` tasks, and the folder that its file stands in."""

    database: peewee.SqliteDatabase
    folder: Path
    size: int

    def some_key(self, n: int) -> str:
        """The key of a task, of another one for each n, all over the table."""
        return rows.task_key(n * 7919 % self.size + 1)

    @property
    def epics(self) -> int:
        """How many there are."""
        return rows.epic_of(rows.feature_of(self.size))


Work = Callable[[], Any]
Prepare = Callable[[Board, int], Work]
Queries = Callable[[Board], Iterable[peewee.Select]]


@dataclass(frozen=True, slots=True)
class Operation:
    """One line of the table.

    ``prepare`` makes what repetition n needs; what it returns is timed. The plans of ``explained`` must
    name all ``indexes``.
    """

    name: str
    target_ms: float
    prepare: Prepare
    indexes: tuple[str, ...] = ()
    explained: Queries = field(default=lambda _: ())


def operation(
    name: str, target_ms: float, *indexes: str, explained: Queries = lambda _: ()
) -> Callable[[Prepare], Operation]:
    """Make the decorated function, which prepares it, the operation ``name``."""
    return lambda prepare: Operation(name, target_ms, prepare, indexes, explained)
