"""Two sides set against each other: what both have, which is slower, and how sure that is."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from collector.answers import detection, gaps, runs, taken
from collector.answers.detection.compared import NEEDED
from collector.answers.percentiles import percentile
from collector.answers.sides import Side
from collector.answers.taken import Key, Taken
from collector.answers.timed import Row, ask_sql

if TYPE_CHECKING:
    from collector.orm import peewee

# The slowest first.
_ORDER = ("slower", "faster", "same", "too few")


@dataclass(frozen=True, slots=True)
class Read:
    """What one side has, and the holes in its window."""

    side: Side
    subjects: dict[Key, Taken]
    gaps: Sequence[Row]


@dataclass(frozen=True, slots=True)
class Compared:
    """A row a subject that both sides have; the names of those that only one has."""

    rows: list[Row]
    only_before: list[str]
    only_after: list[str]


def read(
    database: peewee.SqliteDatabase, side: Side, names: Collection[str], *, reported: bool, now_ms: int
) -> Read:
    """The times of one side: of the workloads ``names`` or of all, and of what was ``reported`` besides."""
    wanted = [side.name] if side.name is not None else names or runs.names(database)
    found = taken.workloads(database, side, wanted)
    if reported and side.commit is None:
        found |= taken.executions(database, side)
    return Read(side, found, _gaps(database, side, now_ms) if side.has_window else ())


def is_named(subject: str, names: Collection[str]) -> bool:
    """Whether a subject, or a part of it such as its model, has one of these names."""
    return not {subject, *subject.split(" · ")}.isdisjoint(names)


def compared(before: Read, after: Read, floor: float, subjects: Collection[str] = ()) -> Compared:
    """Every subject of both sides, or those named; a workload against another where each side names one.

    ``floor`` is how far apart they have to be to count as slower or faster: 0.03 is 3 %.
    """
    pairs = _pairs(before, after)
    rows = [
        _row(key, label, before, after, other, floor)
        for key, other, label in pairs
        if not subjects or is_named(label, subjects)
    ]
    rows.sort(key=lambda row: (_ORDER.index(row["verdict"]), row["kind"], row["subject"]))
    matched = {key for key, _, _ in pairs}, {other for _, other, _ in pairs}
    left = [
        sorted(name for kind, name in each.subjects.keys() - seen)
        for each, seen in zip((before, after), matched, strict=True)
    ]
    return Compared(rows, *left)


def _pairs(before: Read, after: Read) -> list[tuple[Key, Key, str]]:
    names = before.side.name, after.side.name
    if names[0] is not None and names[1] is not None and names[0] != names[1]:
        keys: list[Key] = [("workload", name) for name in names if name is not None]
        is_there = keys[0] in before.subjects and keys[1] in after.subjects
        return [(keys[0], keys[1], f"{names[0]} → {names[1]}")] if is_there else []
    both = before.subjects.keys() & after.subjects.keys()
    return [(key, key, key[1]) for key in sorted(both)]


def _row(key: Key, label: str, before: Read, after: Read, other: Key, floor: float) -> Row:
    one, two = before.subjects[key], after.subjects[other]
    is_enough = min(len(one.values), len(two.values)) >= NEEDED
    found = detection.compare(one.values, two.values, floor=floor) if is_enough else None
    return {
        "subject": label,
        "kind": key[0],
        "before_ms": percentile(one.values, 0.5),
        "after_ms": percentile(two.values, 0.5),
        "before_p95_ms": percentile(one.values, 0.95),
        "after_p95_ms": percentile(two.values, 0.95),
        "ratio": None,
        "interval": None,
        "runs": [len(one.values), len(two.values)],
        **judged(found),
        "left_out": [one.left_out, two.left_out],
        "one_in": [one.one_in, two.one_in],
    }


def judged(found: detection.Comparison | None) -> Row:
    """The verdict with the change of the median and its interval; None: fewer than 4 runs on a side.

    ``clear`` is False where there are runs enough, but the interval is too wide to say more than that.
    """
    if found is None:
        return {"verdict": "too few", "clear": None}
    told = {"verdict": found.verdict, "clear": found.verdict != "too few"}
    if not math.isfinite(found.high):
        return told
    return told | {"ratio": found.ratio, "interval": [found.low, found.high]}


def _gaps(database: peewee.SqliteDatabase, side: Side, now_ms: int) -> list[Row]:
    """The holes in a side's window, from the first session on."""
    (row,) = ask_sql(database, "compare.first", "SELECT min(start_ms) AS first FROM recorder_sessions")
    since_ms = max(side.since_ms, row["first"] or 0)
    return gaps.within(database, since_ms, min(side.until_ms, now_ms))
