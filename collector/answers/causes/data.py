"""The data: the same code had more of it to work on, or less."""

from __future__ import annotations

import math

from collector.answers.causes.gathered import Gathered
from collector.answers.causes.move import Move
from collector.answers.causes.witness import ENOUGH, Testimony, share, witness
from collector.answers.causes.words import times
from collector.units import size

# Less than a page of a disk, and less than one row, is no growth.
COLUMNS = {"rows": 1.0, "read_bytes": 4096.0, "written_bytes": 4096.0, "received_bytes": 4096.0}
# A disk that has to seek all the time, or a slow network: 10 MB a second.
SLOWEST_BYTES_PER_MS = 10_000
_WORDS = {
    "rows": "rows",
    "read_bytes": "bytes read",
    "written_bytes": "bytes written",
    "received_bytes": "bytes received",
}


@witness("data")
def data(gathered: Gathered) -> Testimony:
    """Rows and bytes that grew by what the time grew by, or more."""
    moves = {column: gathered.move(column, floor) for column, floor in COLUMNS.items()}
    figures = {column: moved.as_json() for column, moved in moves.items()}
    explained = {column: _explains(column, moved, gathered) for column, moved in moves.items()}
    known = any(moved.moved is not None for moved in moves.values())
    # Rows come first: they are the data; bytes may be the code's, or what a cache held.
    top = "rows" if explained["rows"] else max(explained, key=lambda column: explained[column])
    if not explained[top]:
        return Testimony("data", "data", known, figures=figures)
    clause = _clause(top, moves[top])
    return Testimony(
        "data", "data", known, explained[top], clause, "another number of rows",
        weak=top != "rows", figures=figures,
    )  # fmt: skip


def _explains(column: str, moved: Move, gathered: Gathered) -> float:
    """By their ratio; nothing counts as the least there is, and bytes have to be worth the time."""
    if not moved.moved or moved.before is None or moved.after is None:
        return 0.0
    extra_ms = abs(gathered.found.median_after - gathered.found.median_before)
    if column != "rows" and abs(moved.rise) < ENOUGH * extra_ms * SLOWEST_BYTES_PER_MS:
        return 0.0
    if column == "rows" and gathered.slowdown in {0.0, math.inf}:  # it has no ratio: only the way is known
        return float((moved.rise > 0) == (gathered.slowdown > 1))
    least = COLUMNS[column]
    return share(max(moved.after, least) / max(moved.before, least), gathered.slowdown)


def _clause(column: str, moved: Move) -> str:
    assert moved.before is not None
    assert moved.after is not None
    if column == "rows":
        figures = f"{moved.before:,.0f} → {moved.after:,.0f}"
    else:
        figures = f"{size(moved.before)} → {size(moved.after)}"
    ratio = f" ({times(moved.after / moved.before)})" if moved.before > 0 < moved.after else ""
    return f"{_WORDS[column]} {figures}{ratio}, the time with it"
