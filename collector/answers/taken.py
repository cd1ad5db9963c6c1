"""The times of everything that one side of a comparison has: of very many a share, of rare ones all."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from collector.answers.sides import Side
from collector.answers.timed import Row, ask_sql
from collector.errors import UsageError

if TYPE_CHECKING:
    from collector.orm import peewee

# Of more runs of a workload, or executions of a subject, than these one in so many is looked at.
MOST_RUNS = 1_000
# Of more executions of a kind than these a sample tells which of its subjects are rare. One with fewer
# than this many in the sample is: it is looked at whole.
SAMPLE = 6_000
RARE = 12
# Commits have no index: so many of the newest runs are looked through for one that is named without commit:.
NEWEST_RUNS = 20_000

# So many are named where several commits begin alike.
SHOWN = 5

NOT_BEGUN = ("missed", "overlapped")
# Knuth's multiplicative hash: numbers that come in turns fall evenly into the parts.
_HASH = 2_654_435_761
_ONE_IN = f"(id * {_HASH} & 4294967295) * ? >> 32 = 0"
# What has to be there of a record that an older version wrote.
COLUMNS: dict[str, tuple[str, ...]] = {
    "workload_runs": (
        "id", "workload", "timestamp", "wall_ms", "outcome", "noisy", "git_commit", "git_dirty",
    ),
    "operation_metrics": ("id", "metric_type", "metric_name", "timestamp", "duration_ms", "success"),
    "inference_metrics": (
        "id", "model_name", "task_type", "timestamp", "inference_time", "output_tokens", "tokens_per_second",
        "success",
    ),
    "skill_metrics": ("id", "skill_id", "timestamp", "execution_ms", "success"),
}  # fmt: skip

Key = tuple[str, str]


@dataclass(slots=True)
class Taken:
    """The times of one subject in ms, oldest first; how many were left out, by why."""

    values: list[float] = field(default_factory=list)
    left_out: dict[str, int] = field(default_factory=dict)
    one_in: int = 1

    def leave_out(self, why: str) -> None:
        """Count one that says nothing about the work."""
        self.left_out[why] = self.left_out.get(why, 0) + 1


def workloads(database: peewee.SqliteDatabase, side: Side, names: Iterable[str]) -> dict[Key, Taken]:
    """The runs of ``names`` that the side asks for. Raises UsageError for a commit that is not one."""
    if side.commit is not None:
        return _of_commit(database, side, set(names))
    found = {}
    for name in names:
        rows, one_in = _runs(database, side, name)
        taken = Taken(one_in=one_in)
        for row in rows:
            _take(taken, row, _fault(row))
        if rows:
            found["workload", name] = taken
    return found


def _runs(database: peewee.SqliteDatabase, side: Side, name: str) -> tuple[list[Row], int]:
    where = "workload = ? AND timestamp >= ? AND timestamp < ?"
    values = (name, side.since_ms, side.until_ms)
    sql = f"SELECT count(*) AS runs FROM workload_runs WHERE {where}"  # noqa: S608  # only names of ours
    one_in = -(-ask_sql(database, "compare.count", sql, *values)[0]["runs"] // MOST_RUNS) or 1
    thinned = f"AND {_ONE_IN}" if one_in > 1 else ""
    sql = f"""
        SELECT wall_ms AS value_ms, outcome, noisy FROM workload_runs WHERE {where} {thinned}
        ORDER BY timestamp, id
        """  # noqa: S608  # only names of ours
    return ask_sql(database, "compare.runs", sql, *values, *([one_in] if one_in > 1 else [])), one_in


def is_commit(database: peewee.SqliteDatabase, prefix: str) -> bool:
    """Whether one of the newest runs was of a commit that begins so."""
    sql = """
        SELECT 1 FROM (SELECT git_commit FROM workload_runs ORDER BY id DESC LIMIT ?)
        WHERE git_commit >= ? AND git_commit < ? LIMIT 1
        """
    start = prefix.lower()
    return bool(ask_sql(database, "compare.commits", sql, NEWEST_RUNS, start, f"{start}g"))


def _of_commit(database: peewee.SqliteDatabase, side: Side, names: set[str]) -> dict[Key, Taken]:
    assert side.commit is not None
    sql = """
        SELECT workload, wall_ms AS value_ms, outcome, noisy, git_commit, git_dirty FROM workload_runs
        WHERE git_commit >= ? AND git_commit < ? AND timestamp >= ? AND timestamp < ? ORDER BY timestamp, id
        """
    asked = (side.commit, f"{side.commit}g", side.since_ms, side.until_ms)
    rows = ask_sql(database, "compare.commit", sql, *asked)
    _refuse_several(side.commit, sorted({row["git_commit"] for row in rows}))
    found: dict[Key, Taken] = {}
    for row in rows:
        if row["workload"] in names:
            other = "clean" if side.dirty else "dirty"
            is_ours = bool(row["git_dirty"]) == side.dirty
            fault = _fault(row) if is_ours else other
            _take(found.setdefault(("workload", row["workload"]), Taken()), row, fault)
    return found


def _refuse_several(prefix: str, found: list[str]) -> None:
    if len(found) > 1:
        digits = next(
            n for n in range(len(prefix), 65) if len({commit[:n] for commit in found}) == len(found)
        )
        shown = ", ".join(commit[:digits] for commit in found[:SHOWN])
        raise UsageError(f"{len(found)} commits begin with {prefix}", hint=f"give more digits: {shown}")


def _fault(row: Row) -> str:
    """Why a run says nothing about the work; one that did not begin is none."""
    if row["outcome"] in NOT_BEGUN:
        return "not begun"
    if row["outcome"] != "ok" or row["value_ms"] is None:
        return "failed"
    return "noisy" if row["noisy"] else ""


def _take(taken: Taken, row: Row, fault: str) -> None:
    if fault:
        taken.leave_out(fault)
    else:
        taken.values.append(row["value_ms"])


@dataclass(frozen=True, slots=True)
class _Executions:
    """Where executions of a kind stand. Of inferences a token's time counts, where tokens were counted."""

    kind: str
    table: str
    name: str
    value: str
    where: str = "1"


_REPORTED = (
    _Executions(
        "operation", "operation_metrics", "metric_type || ' · ' || metric_name", "duration_ms",
        "metric_type IN ('query', 'api', 'frontend', 'cache')",
    ),
    _Executions(
        "inference", "inference_metrics", "model_name || ' · ' || task_type",
        "CASE WHEN output_tokens > 0 AND tokens_per_second > 0 THEN 1000 / tokens_per_second"
        " ELSE inference_time * 1000 END",
    ),
    _Executions("skill", "skill_metrics", "skill_id", "execution_ms"),
)  # fmt: skip


def executions(database: peewee.SqliteDatabase, side: Side) -> dict[Key, Taken]:
    """The operations, inferences and skill executions in the side's window."""
    return {
        (kind.kind, name): _thinned(rows, one_in)
        for kind in _REPORTED
        for name, (rows, one_in) in _executions(database, side, kind).items()
    }


def _executions(
    database: peewee.SqliteDatabase, side: Side, kind: _Executions
) -> dict[str, tuple[list[Row], int]]:
    """The executions of each subject, one in how many they are; of rare ones all, so that none is lost."""
    where = f"{kind.where} AND timestamp >= ? AND timestamp < ?"
    window = (side.since_ms, side.until_ms)
    sql = f"SELECT count(*) AS rows FROM {kind.table} WHERE {where}"  # noqa: S608  # only names of ours
    one_in = -(-ask_sql(database, "compare.count", sql, *window)[0]["rows"] // SAMPLE) or 1
    if one_in == 1:
        return {name: (rows, 1) for name, rows in _by_name(database, kind, where, *window).items()}
    sample = _by_name(database, kind, f"{where} AND {_ONE_IN}", *window, one_in)
    found = {name: (rows, one_in) for name, rows in sample.items() if _well(rows) >= RARE}
    others = f"{where} AND {kind.name} NOT IN (SELECT value FROM json_each(?))"  # noqa: S608  # only names of ours
    rare = _by_name(database, kind, others, *window, json.dumps(list(found)))
    return found | {name: (rows, 1) for name, rows in rare.items()}


def _by_name(
    database: peewee.SqliteDatabase, kind: _Executions, where: str, *values: object
) -> dict[str, list[Row]]:
    """The executions of each subject, oldest first."""
    sql = f"""
        SELECT id, {kind.name} AS name, {kind.value} AS value_ms, success FROM {kind.table}
        WHERE {where} ORDER BY timestamp, id
        """  # noqa: S608  # only names of ours
    found: dict[str, list[Row]] = {}
    for row in ask_sql(database, f"compare.{kind.kind}", sql, *values):
        found.setdefault(row["name"], []).append(row)
    return found


def _well(rows: Iterable[Row]) -> int:
    """How many of them count: a subject that mostly fails is rare, too."""
    return sum(row["success"] != 0 for row in rows)


def _thinned(rows: list[Row], one_in: int) -> Taken:
    """The times of a subject, of which its rows are one in so many already; of very many of them a share."""
    most = one_in * (-(-_well(rows) // MOST_RUNS) or 1)
    taken = Taken(one_in=most)
    for row in rows:
        if most == one_in or (row["id"] * _HASH & 0xFFFFFFFF) * most >> 32 == 0:
            _take(taken, row, "failed" if row["success"] == 0 else "")
    return taken
