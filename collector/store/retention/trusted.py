"""The time by which rows are old: no jump of the clock makes it jump.

It moves on with the monotonic clock. A wall clock that is at most a day ahead is believed at once, so a
suspend or a night is no matter. One that is further away, since the machine was off for long or the clock
was set wrong, is believed only as far as the recorder has run for a day since it showed that.

That day is summed up over restarts, as long as the wall clock only goes on: a laptop that runs for an hour
now and then catches up too. Four times in a day of running the wall clock is marked. A mark that is a day
of running old is believed, and never what the clock shows since: that may be an hour with a wrong clock.
A clock that goes back, or jumps while the recorder runs, takes all marks away.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from collector.store.progress import move, position
from collector.store.retention.names import APART, CLOCK, MARKS, WALL

if TYPE_CHECKING:
    from collector.clock import Instant
    from collector.sqlite import sqlite3

DAY_MS = 86_400_000
MARK_MS = DAY_MS // len(MARKS)
# What the wall clock may be off between two looks by being put right, and still count as steady.
STEADY_MS = 60_000


@dataclass(frozen=True)
class Known:
    """What is stored: the trusted time, the wall clock at the last look, and what was seen of it meanwhile.

    ``apart_ms`` of steady running they have been more than a day apart. ``marks`` are what the wall clock
    showed in each quarter of the last day of that, less what had been run by then; 0 for none.
    """

    trusted_ms: int
    wall_ms: int
    apart_ms: int = 0
    marks: tuple[int, ...] = ()

    def after(self, now: Instant, last: Instant | None) -> Known:
        """What is known at ``now``; ``last`` is the look before, None for the first one of this process."""
        ran_ms = round((now.monotonic - last.monotonic) * 1000) if last is not None else 0
        trusted_ms = self.trusted_ms
        if now.wall_ms > trusted_ms:
            trusted_ms = min(trusted_ms + ran_ms, now.wall_ms)
        if abs(now.wall_ms - trusted_ms) <= DAY_MS:
            return Known(max(trusted_ms, now.wall_ms), now.wall_ms)
        known = replace(self, trusted_ms=trusted_ms, wall_ms=now.wall_ms)
        if self.marks and self._is_steady(now, last):
            return known._ran(self.apart_ms, self.apart_ms + ran_ms)
        return replace(known, apart_ms=0, marks=(now.wall_ms, 0, 0, 0))

    def _ran(self, before_ms: int, apart_ms: int) -> Known:
        """After running on: at each quarter of a day the mark of a day ago is believed, and made anew."""
        trusted_ms, marks = self.trusted_ms, list(self.marks)
        for quarter in range(before_ms // MARK_MS + 1, apart_ms // MARK_MS + 1):
            place = quarter % len(marks)
            if marks[place]:
                trusted_ms = min(marks[place] + apart_ms, self.wall_ms)
            marks[place] = self.wall_ms - apart_ms
        if abs(self.wall_ms - trusted_ms) <= DAY_MS:
            return Known(max(trusted_ms, self.wall_ms), self.wall_ms)
        return Known(trusted_ms, self.wall_ms, apart_ms, tuple(marks))

    def _is_steady(self, now: Instant, last: Instant | None) -> bool:
        """Whether the wall clock went as clocks go; while nobody ran, by any time."""
        if last is None:
            return now.wall_ms - self.wall_ms >= -STEADY_MS
        jump_ms = now.wall_ms - last.wall_ms - (now.boottime - last.boottime) * 1000
        return abs(jump_ms) <= STEADY_MS

    def positions(self) -> dict[str, int]:
        """By the names under which it is stored."""
        marks = self.marks or (0,) * len(MARKS)
        return {
            CLOCK: self.trusted_ms, WALL: self.wall_ms, APART: self.apart_ms,
            **dict(zip(MARKS, marks, strict=True)),
        }  # fmt: skip


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
        for name, to in known.positions().items():
            if to != position(conn, name):
                move(conn, name, to, now.wall_ms)
        return min(known.trusted_ms, now.wall_ms)


def _known(conn: sqlite3.Connection, wall_ms: int) -> Known:
    trusted_ms = position(conn, CLOCK)
    if trusted_ms is None:
        begun_ms = _last_session(conn) or _first_session(conn) or wall_ms
        return Known(begun_ms, begun_ms)
    marks = tuple(position(conn, name) or 0 for name in MARKS)
    wall_ms, apart_ms = position(conn, WALL) or trusted_ms, position(conn, APART) or 0
    return Known(trusted_ms, wall_ms, apart_ms, marks if any(marks) else ())


def _last_session(conn: sqlite3.Connection) -> int | None:
    """When the session before this one ended: a file that is older than its retention begins there."""
    row = conn.execute(
        "SELECT end_ms FROM recorder_sessions WHERE end_ms IS NOT NULL ORDER BY id DESC LIMIT 1"
    ).fetchone()
    return None if row is None else int(row[0])


def _first_session(conn: sqlite3.Connection) -> int | None:
    """When a new file was begun: the clock may have jumped since, before anybody looked."""
    (begun_ms,) = conn.execute("SELECT min(start_ms) FROM recorder_sessions").fetchone()
    return None if begun_ms is None else int(begun_ms)
