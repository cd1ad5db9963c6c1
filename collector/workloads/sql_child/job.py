"""What every database is asked to do, and how it says no."""

from __future__ import annotations

import math
import time
from typing import Any, NamedTuple, Protocol

FETCH_ROWS = 500  # at a time: rows are counted and let go, so memory stays flat
NO_PLAN = "no plan: "  # before the reason, where a plan would stand
LOCKED = "the database stayed locked"
PLAN_SECONDS = 5.0  # for explaining, after the clock has stopped

Rows = list[dict[str, Any]]


class Job(NamedTuple):
    """One query; ``timeout`` in seconds, ``explain_over_ms`` what it may take before its plan is wanted.

    ``ask`` is what is wanted: ``time`` it; ``explain`` it, with ``values`` placeholders and also where it
    ``writes``, for it is not run; or ``stats`` of the database, where no query is given.
    """

    url: str
    query: str
    timeout: float
    password: str | None = None
    explain_over_ms: float | None = None
    ask: str = "time"
    values: int = 0
    writes: bool = False


class Refused(Exception):
    """The database, its driver or the network said no; ``late`` when only because time was up."""

    def __init__(self, reason: str, *, late: bool = False) -> None:
        super().__init__(reason)
        self.late = late


class Database(Protocol):
    """One connection, for one query that only reads. All of it may raise Refused."""

    def __init__(self, job: Job) -> None: ...

    def connect(self) -> None:
        """Open the connection, and close every way to write through it."""

    def execute(self) -> None:
        """Send the query, and wait until the first row could be fetched."""

    def fetch(self) -> int:
        """Fetch all rows; how many there were."""

    def plan(self) -> str:
        """How the database goes about the query, which is not run for it.

        PostgreSQL may run what it can work out before: functions marked IMMUTABLE, of constants.
        """

    def rows(self, query: str) -> Rows:
        """All rows of a query of ours, by the names of its columns."""


def counted(cursor: Any) -> int:
    """How many rows a cursor of DB-API has left; they are fetched and let go."""
    count = 0
    while rows := cursor.fetchmany(FETCH_ROWS):
        count += len(rows)
    return count


def decoded(value: object) -> object:
    """``value``, bytes as text: drivers decode nothing where no encoding is promised, as in SQL_ASCII."""
    return value.decode(errors="replace") if isinstance(value, bytes) else value


class Deadline:
    """The end of the time that something may take."""

    def __init__(self, seconds: float) -> None:
        self._at = time.perf_counter() + seconds

    @property
    def left(self) -> float:
        """Seconds that are left, not below zero."""
        return max(0.0, self._at - time.perf_counter())

    @property
    def left_ms(self) -> int:
        """The same in ms for servers, to which 0 means no limit at all."""
        return max(1, math.ceil(self.left * 1000))
