"""Changes of what applications reported: some steps in one transaction, all of them or none.

Names of columns come from the models, values are bound. Whoever makes a step has checked it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import msgspec

from collector.records.base import KINDS_BY_STRUCT, Kind
from collector.sqlite import sqlite3
from collector.store import stretches
from collector.store.database import savepoint
from collector.store.failures import REFUSALS, is_the_records_fault
from collector.store.rollups import stale as rollups

# A change is whole or nothing, so it cannot be cut into short steps: one of half a million rows would
# hold up the writer for half a second, and so would one that looks for its rows in a whole table.
MOST_ROWS = 10_000
LONGEST_SECONDS = 0.25
# Instructions of SQLite's machine between two looks at the clock inside a statement: about a millisecond.
LOOK_EVERY = 10_000
_TOO_LONG = (
    f"took longer than {LONGEST_SECONDS:g} s: narrow it by an indexed column or by time"
    " (since_ms, until_ms), or do it in smaller transactions"
)


@dataclass(frozen=True)
class Where:
    """Which rows of a kind: column → value, None for null, or a list of values of which it has one.

    ``since_ms`` and ``until_ms`` bound the moment of the row: from, and before.
    """

    kind: Kind
    columns: Mapping[str, Any] = field(default_factory=dict)
    since_ms: int | None = None
    until_ms: int | None = None

    def sql(self) -> tuple[str, list[Any]]:
        """The condition, and what to bind to it."""
        terms = [_term(name, value) for name, value in self.columns.items()]
        bounds = ((">=", self.since_ms), ("<", self.until_ms))
        terms += [(f'"{self.kind.moment}" {sign} ?', [ms]) for sign, ms in bounds if ms is not None]
        return " AND ".join(term for term, _ in terms) or "true", [v for _, values in terms for v in values]


@dataclass(frozen=True)
class Create:
    """A record is stored with its parts; one whose id is stored already is left out."""

    record: msgspec.Struct


@dataclass(frozen=True)
class Update:
    """Rows get other values."""

    where: Where
    values: Mapping[str, Any]


@dataclass(frozen=True)
class Delete:
    """Rows go, with their parts."""

    where: Where


Change = Create | Update | Delete


class Done(NamedTuple):
    """It is stored: how many rows of its kind each step made, changed or deleted."""

    changed: tuple[int, ...]


class Undone(NamedTuple):
    """Nothing of it is stored, because of one step."""

    step: int
    reason: str


class _Refusal(Exception):
    """Ends a change."""


def apply(
    steps: Sequence[Change], monotonic: Callable[[], float] = time.monotonic
) -> Callable[[sqlite3.Connection], Done | Undone]:
    """A step for the writer, to be run inside a transaction of its own."""

    def run(conn: sqlite3.Connection) -> Done | Undone:
        changed: list[int] = []
        until = monotonic() + LONGEST_SECONDS
        try:
            with savepoint(conn), _interrupted(conn, lambda: monotonic() > until):
                _do_all(conn, steps, changed, lambda: monotonic() > until)
        except _Refusal as refusal:
            return Undone(len(changed), str(refusal))
        except REFUSALS as error:
            # SQLite undoes the whole transaction, of which this is all, when a statement that writes is
            # interrupted. The last step is named when it was done, but not yet what it has made old.
            if getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_INTERRUPT:
                return Undone(min(len(changed), len(steps) - 1), _TOO_LONG)
            # Where SQLite has undone the whole transaction by itself, the writer tries again.
            if not is_the_records_fault(error) or not conn.in_transaction:
                raise
            return Undone(len(changed), str(error))
        return Done(tuple(changed))

    return run


@contextmanager
def _interrupted(conn: sqlite3.Connection, when: Callable[[], bool]) -> Iterator[None]:
    """Have SQLite end the statement at work when it is time; what is undone afterwards is not hurried."""
    conn.set_progress_handler(when, LOOK_EVERY)
    try:
        yield
    finally:
        conn.set_progress_handler(None, 0)


def _do_all(
    conn: sqlite3.Connection, steps: Sequence[Change], changed: list[int], is_late: Callable[[], bool]
) -> None:
    """Do each, and note what it changed; raises _Refusal when that is too much for one transaction."""
    room, stale = MOST_ROWS, dict[str, set[int]]()
    for step in steps:
        if is_late():  # short statements end before SQLite asks
            raise _Refusal(_TOO_LONG)
        if isinstance(step, Create):
            changed.append(_create(conn, step.record))
            continue
        found = _found(conn, step.where, room)
        room -= sum(found.values())
        changed.append(_update(conn, step) if isinstance(step, Update) else _delete(conn, step))
        if changed[-1]:
            for table in _touched(step):
                stale.setdefault(table, set()).update(found if table == step.where.kind.table else ())
    for table in sorted(stale):
        stretches.forget(table, stale[table])(conn)
        stretches.forget_answers(table)(conn)


def _create(conn: sqlite3.Connection, record: msgspec.Struct) -> int:
    kind = KINDS_BY_STRUCT[type(record)]
    stored = conn.executemany(*kind.statement([record])).rowcount
    for part in kind.parts if stored else ():
        conn.executemany(*part.statement([record]))
    return int(stored)


def _update(conn: sqlite3.Connection, step: Update) -> int:
    condition, bound = step.where.sql()
    rollups.mark(conn, step.where.kind, condition, bound, dict(step.values))
    into = ", ".join(f'"{name}" = ?' for name in step.values)
    sql = f'UPDATE "{step.where.kind.table}" SET {into} WHERE {condition}'  # noqa: S608  # only names of ours
    return int(conn.execute(sql, [*map(_stored, step.values.values()), *bound]).rowcount)


def _delete(conn: sqlite3.Connection, step: Delete) -> int:
    condition, bound = step.where.sql()
    rollups.mark(conn, step.where.kind, condition, bound)
    deleted = int(conn.execute(f'DELETE FROM "{step.where.kind.table}" WHERE {condition}', bound).rowcount)  # noqa: S608  # only names of ours
    rollups.settle(conn, step.where.kind)
    return deleted


def _found(conn: sqlite3.Connection, where: Where, room: int) -> dict[int, int]:
    """How many rows it is about, by stretch; raises _Refusal when there is no room for so many."""
    condition, bound = where.sql()
    number = "0" if where.kind.model._meta.without_rowid else "rowid"
    inner = f'SELECT {number} AS number FROM "{where.kind.table}" WHERE {condition} LIMIT ?'  # noqa: S608  # only names of ours
    by_stretch = f"SELECT number / ?, count(*) FROM ({inner}) GROUP BY 1"  # noqa: S608  # as above
    found: dict[int, int] = dict(conn.execute(by_stretch, [stretches.ROWS, *bound, room + 1]).fetchall())
    if sum(found.values()) > room:
        raise _Refusal(
            f"more than {MOST_ROWS:,} rows in one transaction: do it in slices by time (since_ms, until_ms)"
        )
    return found


def _touched(step: Update | Delete) -> set[str]:
    """The tables whose rows are others now: parts go with what they belong to."""
    kind = step.where.kind
    parts = kind.parts if isinstance(step, Delete) else ()
    return {kind.table, *(part.table for part in parts if part.key)}


def _term(name: str, value: Any) -> tuple[str, list[Any]]:
    if value is None:
        return f'"{name}" IS NULL', []
    if isinstance(value, list):
        return f'"{name}" IN (SELECT value FROM json_each(?))', [_stored(value)]  # noqa: S608  # only names of ours
    return f'"{name}" = ?', [value]


def _stored(value: Any) -> Any:
    return msgspec.json.encode(value).decode() if isinstance(value, (dict, list)) else value
