"""A session that goes on while a copy is made has an end in the copy: of it no more will ever be there.

Left open it would say of a recorder that it was killed, whenever the copy is taken for a database.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from collector.store.sessions import last_sign

if TYPE_CHECKING:
    from collections.abc import Mapping

    from collector.sqlite import sqlite3

_COUNTERS = ("committed", "duplicate", "rejected", "dropped")


class Recording(NamedTuple):
    """The recorder that goes on meanwhile: its process, and what went through it so far, by name."""

    pid: int
    counters: Mapping[str, int]


def end_session(conn: sqlite3.Connection, recording: Recording) -> None:
    """End the recorder's session in order, where it was heard of last; one of another process was killed.

    What was received is what became of something: the queue is not in the copy.
    """
    became = [recording.counters.get(name, 0) for name in _COUNTERS]
    conn.execute(
        "UPDATE recorder_sessions SET end_ms = max(start_ms, ?), clean = 1, received = ?, committed = ?,"
        " duplicate = ?, rejected = ?, dropped = ?"
        " WHERE id = (SELECT max(id) FROM recorder_sessions) AND end_ms IS NULL AND pid = ?",
        (last_sign(conn), sum(became), *became, recording.pid),
    )
