"""Gathers the canary and the other workloads, in the time of a change's runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from collector.answers.causes.gathered import Peer, Seen
from collector.answers.causes.moment import Window, is_within, moment
from collector.answers.causes.step import NEAREST
from collector.answers.found import Found
from collector.answers.subjects import CANARY
from collector.answers.timed import Row, ask_sql

if TYPE_CHECKING:
    from collector.orm import peewee

# Kinds of subjects whose points are runs.
RUN_KINDS = ("workload", "canary")
MOST_PEERS = 100
# Those that are compared, and as many beyond them on each side.
NEAREST_RUNS = 2 * NEAREST
# Work that runs more often within the moment of a change steps anywhere in it.
MOST_WITHIN = 24
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
_PEER_RUNS = """
    SELECT timestamp, wall_ms, user_ms + system_ms AS cpu_ms, git_commit FROM workload_runs
    WHERE workload = ? AND outcome = 'ok' AND wall_ms > 0 AND timestamp BETWEEN ? AND ?
    ORDER BY timestamp {} LIMIT ?
"""


def workload_of(found: Found) -> str:
    """The name of the workload whose runs a subject is of."""
    return found.subject.key[0] if found.subject.key else found.subject.name


def peers(
    database: peewee.SqliteDatabase,
    found: Found,
    runs: tuple[Sequence[Seen], Sequence[Seen]],
    others: Sequence[Found],
) -> list[Peer]:
    """Every other workload that ran on both sides, nearest runs first; ``others`` changed, too."""
    # The query of a workload is an operation of its name, too.
    own = {workload_of(found), found.subject.name, *found.subject.key}
    around = runs[0][0].timestamp, runs[1][-1].timestamp
    window = moment(found)
    changes = {workload_of(one): one for one in others if _is_of_runs(one) and _counts(one, window)}
    made = (
        _peer(database, row, around, window, changes.get(row["name"]))
        for row in ask_sql(database, "cause.workloads", _NAMES, MOST_PEERS)
        if row["name"] not in own
    )
    return [peer for peer in made if len((*peer.before, *peer.within, *peer.after)) > 1]


def moved_with(found: Found, others: Sequence[Found]) -> list[float]:
    """Ratios of the time of other kinds of work that changed in the same moment; workloads are `peers`."""
    kind, window = found.subject.kind, moment(found)
    return [
        1 / other.ratio if other.subject.higher_is_better else other.ratio
        for other in others
        if other.subject.kind != kind
        and not _is_of_runs(other)
        and frozenset((kind, other.subject.kind)) not in _SAME_WORK
        and _counts(other, window)
    ]


def _counts(found: Found, window: Window) -> bool:
    """Whether it came about then; a change from nothing or to nothing has no ratio that could be compared."""
    return is_within(found, window) and found.median_before > 0 < found.median_after


def _is_of_runs(found: Found) -> bool:
    return found.subject.kind in RUN_KINDS


def _peer(
    database: peewee.SqliteDatabase, row: Row, around: Window, window: Window, change: Found | None
) -> Peer:
    name, is_canary = row["name"], row["kind"] == CANARY
    before = _runs(database, name, (around[0], window[0] - 1), "DESC", NEAREST_RUNS)[::-1]
    within = _runs(database, name, (max(window[0], around[0]), window[1]), "ASC", MOST_WITHIN + 1)
    after = _runs(database, name, (window[1] + 1, around[1]), "ASC", NEAREST_RUNS)
    commits = [run.columns["git_commit"] for run in (*before[-1:], *within, *after[:1])]
    is_tied = not is_canary and len(set(commits)) > 1
    return Peer(name, is_canary, before, [] if len(within) > MOST_WITHIN else within, after, is_tied, change)


def _runs(database: peewee.SqliteDatabase, name: str, window: Window, order: str, most: int) -> list[Seen]:
    rows = ask_sql(database, "cause.peer", _PEER_RUNS.format(order), name, *window, most)
    return [Seen(row["timestamp"], row["wall_ms"], row) for row in rows]
