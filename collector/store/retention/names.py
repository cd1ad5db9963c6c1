"""What the positions of retention are called in `upkeep_positions`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from collector.store.progress import move, position

if TYPE_CHECKING:
    from collector.sqlite import sqlite3

# The trusted time in ms since the epoch; the wall clock when it was last looked at; and for how many ms of
# steady running the two have been more than a day apart. Then the marks made meanwhile, see `trusted`.
CLOCK = "retention clock"
WALL = "retention clock wall"
APART = "retention clock apart"
MARKS = tuple(f"retention clock mark {n}" for n in range(4))
# Since when all files together take more than the cap, in ms since the epoch; 0 while they do not.
OVER = "retention over cap"


def cut(what: str) -> str:
    """The position of a kind or tier: rows of moments up to it may be gone, in ms since the epoch."""
    return f"retention cut {what}"


def capped(what: str) -> str:
    """The position of a kind or tier: what is from before it went because of the cap, in ms."""
    return f"retention capped {what}"


def sweep(kind: str) -> str:
    """The position of a kind's sweep: the row number reached, and 0 when it is through."""
    return f"retention sweep {kind}"


def tier(seconds: int) -> str:
    """What a tier of rollups is called, where kinds are called by their names."""
    return f"rollups of {seconds} s"


def raise_to(conn: sqlite3.Connection, name: str, to: int, now_ms: int) -> None:
    """Move a position on; it never moves back."""
    before = position(conn, name)
    if before is None or to > before:
        move(conn, name, to, now_ms)
