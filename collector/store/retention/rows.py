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
                (above, min(up_to, self.rule.top(conn)), min(self._before_ms, first_stale(conn)), count),
            )
        )

    def first(self, conn: sqlite3.Connection) -> Row | None:
        """The first that may go: its key or number, then its moment; None when there is none."""
        if not self.rule.is_numbered:
            found = self.oldest(conn, 1)
            return (found[0][0], found[0][0]) if found else None
        at = self.next_number(conn, 0)
        found = [] if at is None else self.between(conn, at - 1, at + LOOK, 1)
        return found[0] if found else None

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
