"""What updates and deletes by applications leave to do: hours to roll up once more, positions to put back."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from collector.records.base import Kind
from collector.store.progress import position, rolled_up
from collector.store.rollups.sources import Source, source_of
from collector.store.rollups.tiers import HOUR, begin

if TYPE_CHECKING:
    from collector.sqlite import sqlite3

_MARK = (
    "INSERT INTO rollup_stale (subject, timestamp, changes) VALUES (?, ?, 1)"
    " ON CONFLICT DO UPDATE SET changes = changes + 1"
)


def touched(kind: Kind, columns: Collection[str] | None = None) -> list[Source]:
    """The sources of whose rollups rows of ``kind`` are part; ``columns``: when only these are changed."""
    models = [kind.model, *(part.model for part in kind.parts if part.key)]
    found = [source for model in models if (source := source_of(model))]
    return [source for source in found if columns is None or source.touched_by & {*columns}]


def mark(
    conn: sqlite3.Connection,
    kind: Kind,
    condition: str,
    bound: Sequence[Any],
    values: dict[str, Any] | None = None,
) -> None:
    """Note the hours of rows that are about to be deleted, or get other ``values``; in their transaction.

    ``condition`` is SQL over the kind's own columns. What is deleted by its age is not marked: its rollups
    stay as they are.
    """
    found = touched(kind, values)
    hours = _hours(conn, kind, condition, bound) if found else set[int]()
    if values is not None and hours and kind.moment in values:
        hours.add(begin(values[kind.moment], HOUR))
    for source in found:
        if position(conn, rolled_up(source.name)) is not None:
            conn.executemany(_MARK, [(source.name, hour) for hour in sorted(hours)])


def _hours(conn: sqlite3.Connection, kind: Kind, condition: str, bound: Sequence[Any]) -> set[int]:
    """The hours of the rows that a condition means."""
    table, moment, where = kind.table, kind.moment, condition
    source = source_of(kind.model)
    if source is not None and source.whole is not None:  # its rows have the moment of what they belong to
        key = source.whole.key
        where = f'"{key}" IN (SELECT "{key}" FROM "{table}" WHERE {condition})'  # noqa: S608  # names of ours
        table, moment = source.whole.table, source.whole.moment
    hour = f'"{moment}" / {HOUR * 1000} * {HOUR * 1000}'
    return {row[0] for row in conn.execute(f'SELECT DISTINCT {hour} FROM "{table}" WHERE {where}', bound)}  # noqa: S608  # names of ours


def settle(conn: sqlite3.Connection, kind: Kind) -> None:
    """Put positions back to the last row there is; to be called right after numbered rows were deleted.

    SQLite gives the numbers of the last rows once more to those that come next, and they are new.
    """
    for source in _numbered(touched(kind)):
        conn.execute(
            "UPDATE upkeep_positions SET position = last FROM"  # noqa: S608  # names of ours
            f' (SELECT coalesce(max(rowid), 0) AS last FROM "{source.kind.table}")'
            " WHERE name = ? AND position > last",
            (rolled_up(source.name),),
        )


def _numbered(found: list[Source]) -> Iterator[Source]:
    return (source for source in found if not source.kind.is_sample)
