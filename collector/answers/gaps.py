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


def within(database: peewee.SqliteDatabase, since_ms: int, until_ms: int) -> list[Row]:
    """The holes that touch the window, oldest first: from_ms, to_ms, reason. A clock set back has from > to.

    Nothing before the first session counts: there was no recorder yet. A recorder that was stopped and not
    started again leaves one that goes on to the window's end.
    """
    return ask_sql(
        database,
        "gaps.within",
        """
        SELECT from_ms, to_ms, reason FROM gaps
        WHERE max(from_ms, to_ms) > :since AND min(from_ms, to_ms) < :until
        AND abs(to_ms - from_ms) >= :shortest
        UNION ALL
        SELECT end_ms, :until, 'stopped' FROM recorder_sessions
        WHERE id = (SELECT max(id) FROM recorder_sessions) AND end_ms < :until - :shortest
        ORDER BY from_ms
        """.replace(":since", "?1")
        .replace(":until", "?2")
        .replace(":shortest", "?3"),
        *(since_ms, until_ms, SHORTEST_MS),
    )


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
