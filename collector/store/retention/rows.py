"""Rows of one kind that may go: found, deleted, and everything else told that they went."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from collector.store import cache, stretches
from collector.store.retention import names
from collector.store.retention.rules import first_stale
from collector.store.rollups.stale import settle
from collector.store.topics import DIGESTED

if TYPE_CHECKING:
    from collector.sqlite import sqlite3
    from collector.store.retention.rules import Rule

# Row numbers that are looked at in one step: 5,000 rows are read in some milliseconds.
LOOK = 5_000
HOUR_MS = 3_600_000
_SUMMED_UP = {topic.table for topic in DIGESTED}

Row = tuple[Any, ...]


class Rows:
    """The rows of ``rule`` from before ``before_ms``, as far as they are in the rollups."""

    def __init__(self, rule: Rule, before_ms: int) -> None:
        self.rule = rule
        self._before_ms = before_ms
        self._key = ", ".join(f'"{name}"' if name != "rowid" else name for name in rule.key)
        self._table, self._moment = f'"{rule.kind.table}"', f'"{rule.moment}"'

    def oldest(self, conn: sqlite3.Connection, count: int) -> list[Row]:
        """The keys of the oldest samples, the moment first."""
        bound = min(self._before_ms, first_stale(conn), self.rule.top(conn) + 1)
        found = f"SELECT {self._key} FROM {self._table} WHERE {self._moment} < ?"  # noqa: S608  # names of ours
        return list(conn.execute(f"{found} ORDER BY {self._key} LIMIT ?", (bound, count)))

    def between(self, conn: sqlite3.Connection, above: int, up_to: int, count: int) -> list[Row]:
        """The first of numbered rows above one number and up to another: number and moment."""
        return list(
            conn.execute(
                f"SELECT rowid, {self._moment} FROM {self._table} NOT INDEXED WHERE rowid > ? AND rowid <= ?"  # noqa: S608  # names of ours
                f" AND {self._moment} < ? ORDER BY rowid LIMIT ?",
                (*self._bounds(conn, above, up_to), count),
            )
        )

    def hours(self, conn: sqlite3.Connection, above: int, up_to: int) -> dict[int, int]:
        """How many numbered rows above one number and up to another are of which hour since the epoch."""
        return dict(
            conn.execute(
                f"SELECT {self._moment} / {HOUR_MS}, count(*) FROM {self._table} NOT INDEXED"  # noqa: S608  # names of ours
                f" WHERE rowid > ? AND rowid <= ? AND {self._moment} < ? GROUP BY 1",
                self._bounds(conn, above, up_to),
            )
        )

    def _bounds(self, conn: sqlite3.Connection, above: int, up_to: int) -> tuple[int, int, int]:
        """Above which row number, up to which, and from before when rows may go."""
        return above, min(up_to, self.rule.top(conn)), min(self._before_ms, first_stale(conn))

    def next_number(self, conn: sqlite3.Connection, above: int) -> int | None:
        """The first row number above another; None at the end of the table."""
        ((found,),) = conn.execute(
            f"SELECT min(rowid) FROM {self._table} WHERE rowid > ?",  # noqa: S608  # names of ours
            (above,),
        ).fetchall()
        return None if found is None else int(found)

    def delete(self, conn: sqlite3.Connection, rows: list[Row], now_ms: int) -> int:
        """Delete rows that were found; how many. What was made of them goes too."""
        if not rows:
            return 0
        rule = self.rule
        same = " AND ".join(f"{name} = ?" for name in self._key.split(", "))
        keys = [row[: len(rule.key)] for row in rows]
        gone = conn.executemany(f"DELETE FROM {self._table} WHERE {same}", keys).rowcount  # noqa: S608  # names of ours
        if rule.is_numbered:
            settle(conn, rule.kind)  # the numbers of the last rows may be given once more
        newest_ms = max(row[1 if rule.is_numbered else 0] for row in rows)
        for name in rule.names:
            names.raise_to(conn, names.cut(name), newest_ms, now_ms)
        if rule.kind.table in _SUMMED_UP:
            stretches.forget(rule.kind.table, {row[0] // stretches.ROWS for row in rows})(conn)
            cache.count(conn, cache.changes_key(rule.kind.table))
        return int(gone)
