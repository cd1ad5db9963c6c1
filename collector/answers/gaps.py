"""The holes in a window of time: what every answer over a window says beside its figures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from collector.answers.timed import Row, ask_sql
from collector.moments import between
from collector.units import counted

if TYPE_CHECKING:
    from collector.orm import peewee

# What is shorter than any usual interval between two samples leaves no hole in an answer.
SHORTEST_MS = 5_000
_MOST_NAMED = 3
# A recorder that was not heard of for so many of its own intervals, and at least so long, is no more.
MISSED = 3
PATIENCE_MS = 15_000
_SIGNS = """
    SELECT timestamp FROM (SELECT timestamp FROM recorder_samples ORDER BY timestamp DESC LIMIT 2)
    UNION ALL
    SELECT timestamp FROM (SELECT timestamp FROM cpu_samples ORDER BY timestamp DESC LIMIT 2)
    WHERE NOT EXISTS (SELECT 1 FROM recorder_samples)
    ORDER BY timestamp DESC
"""


def within(database: peewee.SqliteDatabase, since_ms: int, until_ms: int) -> list[Row]:
    """The holes that touch the window, oldest first: from_ms, to_ms, reason. A clock set back has from > to.

    Nothing before the first session counts: there was no recorder yet. A recorder that was stopped or killed,
    and not started again, leaves one that goes on to the window's end.
    """
    found = ask_sql(
        database,
        "gaps.within",
        "SELECT from_ms, to_ms, reason FROM gaps WHERE max(from_ms, to_ms) > ? AND min(from_ms, to_ms) < ?"
        " AND abs(to_ms - from_ms) >= ? ORDER BY from_ms",
        *(since_ms, until_ms, SHORTEST_MS),
    )
    stopped_ms = _stopped(database, until_ms)
    if stopped_ms is not None and stopped_ms < until_ms:
        found.append({"from_ms": stopped_ms, "to_ms": until_ms, "reason": "stopped"})
    return found


def _stopped(database: peewee.SqliteDatabase, until_ms: int) -> int | None:
    """When the last session ended, or was heard of last where it was killed; None while it goes on."""
    last = ask_sql(database, "gaps.session", "SELECT end_ms FROM recorder_sessions ORDER BY id DESC LIMIT 1")
    if not last:
        return None
    if (end_ms := last[0]["end_ms"]) is not None:
        return int(end_ms) if end_ms < until_ms - SHORTEST_MS else None
    signs = [row["timestamp"] for row in ask_sql(database, "gaps.signs", _SIGNS)]
    if len(signs) < 2:  # one alone does not tell how often it is heard of
        return None
    patience_ms = max(MISSED * (signs[0] - signs[1]), PATIENCE_MS)
    return int(signs[0]) if signs[0] < until_ms - patience_ms else None


def seconds_missing(gaps: Sequence[Row], since_ms: int, until_ms: int) -> float:
    """How much of the window nobody recorded; holes that overlap count once."""
    missing, end = 0, since_ms
    for start, stop in sorted((min(g["from_ms"], g["to_ms"]), max(g["from_ms"], g["to_ms"])) for g in gaps):
        start, stop = max(start, end), min(stop, until_ms)  # noqa: PLW2901  # cut to the window
        if stop > start:
            missing, end = missing + stop - start, stop
    return missing / 1000


def in_words(gaps: Sequence[Row], now_ms: int) -> str:
    """What stands under an answer: how many there are, why and when; empty when there is none."""
    if not gaps:
        return ""
    named = [
        f"{gap['reason']} {between(gap['from_ms'], gap['to_ms'], now_ms)}" for gap in gaps[-_MOST_NAMED:]
    ]
    more = "… " if len(gaps) > _MOST_NAMED else ""
    return f"{counted(len(gaps), 'gap')} in the window: {more}{', '.join(named)}"
