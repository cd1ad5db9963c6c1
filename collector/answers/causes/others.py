"""Gathers the canary and the other workloads, in the time of a change's runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from collector.answers.causes.gathered import Peer, Seen
from collector.answers.found import Found
from collector.answers.subjects import CANARY
from collector.answers.timed import Row, ask_sql

if TYPE_CHECKING:
    from collector.orm import peewee

# Kinds of subjects whose points are runs.
RUN_KINDS = ("workload", "canary")
MOST_PEERS = 100
NEAREST_RUNS = 60
# The runs of a workload may be what its operations are part of.
_SAME_WORK = {frozenset(("workload", "operation")), frozenset(("canary", "operation"))}

# One step into the index for each name, instead of a walk along it.
_NAMES = """
    WITH RECURSIVE names(name) AS (
        SELECT min(workload) FROM workload_runs
        UNION ALL
        SELECT (SELECT min(workload) FROM workload_runs WHERE workload > names.name)
        FROM names WHERE names.name IS NOT NULL LIMIT ?
    )
    SELECT name, (
        SELECT workload_kind FROM workload_runs WHERE workload = names.name ORDER BY timestamp DESC LIMIT 1
    ) AS kind
    FROM names WHERE name IS NOT NULL
"""
_TIMES = """
    SELECT wall_ms FROM workload_runs WHERE workload = ? AND outcome = 'ok' AND wall_ms > 0
    AND timestamp BETWEEN ? AND ? ORDER BY timestamp {} LIMIT ?
"""
_COMMIT = """
    SELECT git_commit FROM workload_runs WHERE workload = ? AND outcome = 'ok'
    AND timestamp BETWEEN ? AND ? ORDER BY timestamp {} LIMIT 1
"""


def workload_of(found: Found) -> str:
    """The name of the workload whose runs a subject is of."""
    return found.subject.key[0] if found.subject.key else found.subject.name


def peers(
    database: peewee.SqliteDatabase, found: Found, before: Sequence[Seen], after: Sequence[Seen]
) -> list[Peer]:
    """Every other workload that ran on both sides, nearest runs first."""
    # The query of a workload is an operation of its name, too.
    own = {workload_of(found), found.subject.name, *found.subject.key}
    older = (before[0].timestamp, found.last_before_ms)
    newer = (found.at_ms, after[-1].timestamp)
    made = (
        _peer(database, row, older, newer)
        for row in ask_sql(database, "cause.workloads", _NAMES, MOST_PEERS)
        if row["name"] not in own
    )
    return [peer for peer in made if peer.before and peer.after]


def moved_with(found: Found, others: Sequence[Found]) -> list[float]:
    """Ratios of the time of other kinds of work that changed between the same runs; workloads are `peers`."""
    kind = found.subject.kind
    return [
        1 / other.ratio if other.subject.higher_is_better else other.ratio
        for other in others
        if other.subject.kind not in {kind, *RUN_KINDS}
        and frozenset((kind, other.subject.kind)) not in _SAME_WORK
        and other.last_before_ms <= found.at_ms
        and other.at_ms >= found.last_before_ms
    ]


def _peer(database: peewee.SqliteDatabase, row: Row, older: tuple[int, int], newer: tuple[int, int]) -> Peer:
    name = row["name"]
    before, after = _times(database, name, older, "DESC"), _times(database, name, newer, "ASC")
    is_canary = row["kind"] == CANARY
    is_tied = not is_canary and _commit(database, name, older, "DESC") != _commit(
        database, name, newer, "ASC"
    )
    return Peer(name, is_canary, before, after, is_tied)


def _times(database: peewee.SqliteDatabase, name: str, window: tuple[int, int], order: str) -> list[float]:
    rows = ask_sql(database, "cause.peer", _TIMES.format(order), name, *window, NEAREST_RUNS)
    return [row["wall_ms"] for row in rows]


def _commit(database: peewee.SqliteDatabase, name: str, window: tuple[int, int], order: str) -> str | None:
    rows = ask_sql(database, "cause.commit", _COMMIT.format(order), name, *window)
    return rows[0]["git_commit"] if rows else None
