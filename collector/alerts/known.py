"""What the tables say of alerts at the start, so that a restart neither repeats nor forgets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from collector.alerts.runs import Ran
from collector.alerts.turn import RECOVERED
from collector.alerts.windows import MOST
from collector.records.alert import LAST_OF_EACH

if TYPE_CHECKING:
    from collector.sqlite import sqlite3

# Of a workload's last runs three count; among them may be some that it missed.
LOOKED_AT = 20


class Known(NamedTuple):
    """The last row of one concern of one subject; its state is not ok. ``since_ms`` is when it began."""

    subject_kind: str
    subject: str
    concern: str
    state: str
    since_ms: int
    details: dict[str, Any]


def states(conn: sqlite3.Connection) -> list[Known]:
    """All that are not ok, the oldest first."""
    rows = conn.execute(
        "SELECT subject_kind, subject, concern, to_state, timestamp, coalesce(details, '{}') FROM alerts"  # noqa: S608  # only words of ours
        f" WHERE id IN ({LAST_OF_EACH}) AND to_state <> ? ORDER BY id",
        (RECOVERED,),
    ).fetchall()
    return [
        Known(kind, subject, concern, state, since_ms, _details(text))
        for kind, subject, concern, state, since_ms, text in rows
    ]


def _details(text: str) -> dict[str, Any]:
    return msgspec.json.decode(text, type=dict[str, Any])


def runs(conn: sqlite3.Connection) -> Iterator[Ran]:
    """The last runs of each workload, the oldest of each first; of 2,000 workloads at most.

    Each name and each run is one look into an index, however many runs there are.
    """
    for workload in _workloads(conn):
        rows = conn.execute(
            "SELECT workload, timestamp, outcome, wall_ms, budget_ms, detail FROM workload_runs"
            " WHERE workload = ? ORDER BY timestamp DESC, id DESC LIMIT ?",
            (workload, LOOKED_AT),
        ).fetchall()
        yield from (Ran(*row) for row in reversed(rows))


def _workloads(conn: sqlite3.Connection) -> list[str]:
    rows = conn.execute(
        "WITH RECURSIVE names (name) AS (SELECT min(workload) FROM workload_runs UNION ALL"
        " SELECT (SELECT min(workload) FROM workload_runs WHERE workload > name) FROM names"
        " WHERE name IS NOT NULL)"
        " SELECT name FROM names WHERE name IS NOT NULL LIMIT ?",
        (MOST,),
    ).fetchall()
    return [name for (name,) in rows]
