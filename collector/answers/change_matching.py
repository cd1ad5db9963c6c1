"""Which stored row a change that was found belongs to, and which rows newer runs do not bear out. Pure."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from collector.answers.found import Found
from collector.answers.subjects import Point
from collector.answers.timed import Row
from collector.answers.told_changes import rises

if TYPE_CHECKING:
    from collector.answers.points import Loaded

# Two finds whose places lie so many runs apart at most are one change.
SAME_WITHIN = 12
# So many more runs have to doubt a change before it is gone: one that stands on the edge would come and go.
DOUBTED_BY = 4
# From so many runs on a level on, one that is no longer found there is doubted.
FEWEST_BEFORE = 4
# Borne out by so many runs after it, a sure change is settled for good; and no more than so many have to lie
# before it for its end to be believed.
SETTLED_BY = 30
# Nobody looks for these any more.
SETTLED = ("gone", "accepted")


def matched(found: Sequence[Found], rows: Sequence[Row], points: Sequence[Point]) -> list[Row | None]:
    """The row of each change, where there is one: the nearest in the same direction.

    A change lies somewhere between its last run before and its first one after, where noisy runs between
    them were left out. Where that overlaps with what is stored, or is at most 12 of the runs that count from
    it, it is the same.
    """
    every = [point.timestamp for point in points]
    quiet = [point.timestamp for point in points if not point.noisy]
    pairs = sorted(
        (
            _apart(one, row, every if one.only_noisy else quiet),
            row["state"] == "gone",
            abs(one.at_ms - row["timestamp"]),
            i,
            j,
        )
        for i, one in enumerate(found)
        for j, row in enumerate(rows)
        if row["accepted_ms"] is None and (one.ratio > 1) == rises(row)
    )
    mine: list[Row | None] = [None] * len(found)
    taken: set[int] = set()
    for apart, _, _, i, j in pairs:
        if apart <= SAME_WITHIN and mine[i] is None and j not in taken:
            mine[i] = rows[j]
            taken.add(j)
    return mine


def _apart(one: Found, row: Row, moments: Sequence[int]) -> int:
    """By how many runs one would have to move to be where the other is; 0 where they overlap."""
    if one.last_before_ms >= row["timestamp"]:
        earlier, later = row["timestamp"], one.last_before_ms
    elif row["last_before_ms"] >= one.at_ms:
        earlier, later = one.at_ms, row["last_before_ms"]
    else:
        return 0
    return 1 + bisect_left(moments, later) - bisect_left(moments, earlier)


def doubted(rows: Sequence[Row], kept: Sequence[Row | None], loaded: Loaded) -> list[Row]:
    """The rows that are no longer found, as they are now: doubted, and gone once 4 more runs do so too.

    Newer runs can say that a change never was; that older ones are not there any more says nothing. So what
    is settled stays, and so does one of which less before it is looked at than when it was found.
    """
    numbers = {row["id"] for row in kept if row is not None}
    lost = [
        row
        for row in rows
        if row["id"] not in numbers
        and row["state"] not in SETTLED
        and not is_settled(row)
        and is_seen_whole(row, loaded)
    ]
    now = [_as_doubted(row, loaded.points) for row in lost]
    return [after for row, after in zip(lost, now, strict=True) if after != row]


def is_settled(row: Row) -> bool:
    """Whether it is sure, and was borne out by so many runs after it that nothing can refute it."""
    return row["state"] == "confirmed" and bool(row["evidence"].get("settled"))


def is_seen_whole(row: Row, loaded: Loaded) -> bool:
    """Whether as many runs are looked at on both sides of it as when it became sure.

    Those of one that is not sure yet are few: of it some before are enough.
    """
    moments = _counted(row, loaded.points)
    before = bisect_left(moments, row["timestamp"])
    if sure_by := row["evidence"].get("sure_by"):
        enough_before, enough_after = sure_by
        return bool(before >= enough_before and len(moments) - before >= enough_after)
    return before >= (FEWEST_BEFORE if loaded.whole else SAME_WITHIN)


def borne_out(new: Row, row: Row | None, found: Found) -> dict[str, Any]:
    """What stands among the evidence of a sure change: the points it became sure by, and that it is settled.

    ``row`` is what was stored of it.
    """
    if new["state"] != "confirmed":
        return {}
    sure_by = [min(len(found.before), SETTLED_BY), min(len(found.after), SETTLED_BY)]
    is_settled_now = len(found.after) >= SETTLED_BY
    if row is not None and row["state"] == "confirmed":
        is_settled_now |= is_settled(row)
        before, after = row["evidence"].get("sure_by", sure_by)
        # It may turn out to have begun a little earlier, with as many fewer before it.
        before -= sum(point.timestamp < row["timestamp"] for point in found.after)
        sure_by = [max(before, 1), after]
    return {"sure_by": sure_by} | ({"settled": True} if is_settled_now else {})


def _counted(row: Row, points: Sequence[Point]) -> list[int]:
    """When those runs were that say something of it: noisy ones only where it shows in nothing else."""
    only_noisy = bool(row["evidence"].get("only_noisy"))
    return [point.timestamp for point in points if only_noisy or not point.noisy]


def _as_doubted(row: Row, points: Sequence[Point]) -> Row:
    """Runs that were left out as noisy doubt nothing."""
    moments = _counted(row, points)
    if row["doubted_ms"] is None:
        return row | {"doubted_ms": points[-1].timestamp}
    more = len(moments) - bisect_right(moments, row["doubted_ms"])
    return row | {"state": "gone"} if more >= DOUBTED_BY else row
