"""The time by which rows are old: no jump of the clock makes it jump.

It moves on with the monotonic clock. A wall clock that is at most a day ahead is believed at once, so a
suspend or a night is no matter. One that is further away, since the machine was off for months or the
clock was set wrong, is believed only when the recorder has run for a day, over restarts, with it so.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from collector.store.progress import move, position
from collector.store.retention.names import APART, CLOCK, WALL

if TYPE_CHECKING:
    from collector.clock import Instant
    from collector.sqlite import sqlite3

DAY_MS = 86_400_000
# What the wall clock may be off between two looks by being put right, and still count as steady.
STEADY_MS = 60_000


@dataclass(frozen=True)
class Known:
    """What is stored: the trusted time, the wall clock at the last look, and how long they were apart."""

    trusted_ms: int
    wall_ms: int
    apart_ms: int = 0

    def after(self, now: Instant, last: Instant | None) -> Known:
        """What is known at ``now``; ``last`` is the look before, None for the first one of this process."""
        ran_ms = round((now.monotonic - last.monotonic) * 1000) if last is not None else 0
        trusted_ms = self.trusted_ms
        if now.wall_ms > trusted_ms:
            trusted_ms = min(trusted_ms + ran_ms, now.wall_ms)
        if abs(now.wall_ms - trusted_ms) <= DAY_MS:
            return Known(max(trusted_ms, now.wall_ms), now.wall_ms)
        apart_ms = self.apart_ms + ran_ms if self._is_steady(now, last) else 0
        if apart_ms >= DAY_MS:
            return Known(now.wall_ms, now.wall_ms)
        return Known(trusted_ms, now.wall_ms, apart_ms)

    def _is_steady(self, now: Instant, last: Instant | None) -> bool:
        """Whether the wall clock went as clocks go; while nobody ran, for up to a day."""
        if last is None:
            return -STEADY_MS <= now.wall_ms - self.wall_ms <= DAY_MS
        jump_ms = now.wall_ms - last.wall_ms - (now.boottime - last.boottime) * 1000
        return abs(jump_ms) <= STEADY_MS


class Trust:
    """The trusted time of this process, as it is stored in the file."""

    def __init__(self) -> None:
        self._last: Instant | None = None

    def look(self, conn: sqlite3.Connection, now: Instant) -> int:
        """Move it on and store it, inside a transaction; the moment (ms) by which rows are old or young.

        That is never behind the wall clock's own: where one of the two is wrong, the earlier one spares rows.
        """
        known = _known(conn, now.wall_ms).after(now, self._last)
        self._last = now
        for name, to in ((CLOCK, known.trusted_ms), (WALL, known.wall_ms), (APART, known.apart_ms)):
            move(conn, name, to, now.wall_ms)
        return min(known.trusted_ms, now.wall_ms)


def _known(conn: sqlite3.Connection, wall_ms: int) -> Known:
    trusted_ms = position(conn, CLOCK)
    if trusted_ms is None:
        begun_ms = _last_session(conn) or wall_ms
        return Known(begun_ms, begun_ms)
    return Known(trusted_ms, position(conn, WALL) or trusted_ms, position(conn, APART) or 0)


def _last_session(conn: sqlite3.Connection) -> int | None:
    """When the session before this one ended: a file that is older than its retention begins there."""
    row = conn.execute(
        "SELECT end_ms FROM recorder_sessions WHERE end_ms IS NOT NULL ORDER BY id DESC LIMIT 1"
    ).fetchone()
    return None if row is None else int(row[0])
