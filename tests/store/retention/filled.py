"""A record with some of everything, and a cap that it does not fit."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import msgspec

from collector.sections import Retention
from collector.store.retention.sizes import LOG_SHARE, sizes
from collector.units import Size
from tests.store.retention.aged import DAY, NOW_MS, Aged

FAR = 1 << 60
HOUR = 3_600_000
Events = Callable[[], list[dict[str, Any]]]


def fill(aged: Aged) -> list[int]:
    """Some of everything in the last day; the bytes of what goes first, second, third and last."""
    begin = NOW_MS - 9 * DAY // 10
    parts = (
        lambda: aged.cpu(*range(begin, NOW_MS, (NOW_MS - begin) // 5_000)),
        lambda: rollups(aged, 300, begin),
        lambda: aged.skills(*range(begin, NOW_MS, (NOW_MS - begin) // 2_000)),
        lambda: rollups(aged, 3600, begin),
        lambda: alerts(aged),
    )
    used = [sizes(aged.made.conn, aged.made.path).used]
    for part in parts:
        part()
        used.append(sizes(aged.made.conn, aged.made.path).used)
    aged.rolled(cpu=FAR, skill=FAR)
    aged.made.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return [after - before for before, after in itertools.pairwise(used)][:4]


def rollups(aged: Aged, tier_s: int, begin: int) -> None:
    """Stretches of eight series."""
    every = range(begin, NOW_MS, (NOW_MS - begin) // 300)
    aged.store(
        "INSERT INTO rollups (series_id, tier_s, timestamp, count, sum, sketch)"
        " VALUES (?, ?, ?, 1, 1, zeroblob(60))",
        [(series, tier_s, moment) for moment in every for series in range(8)],
    )


def alerts(aged: Aged) -> None:
    """Some changes of state, long ago."""
    aged.store(
        "INSERT INTO alerts (timestamp, subject_kind, subject, concern, from_state, to_state)"
        " VALUES (?, 'workload', 'w', 'slow', 'ok', 'slow')",
        [(n,) for n in range(200)],
    )


def capped(aged: Aged, share: float) -> int:
    """Set the cap so that its room for pages is a share of what is used; returns that room."""
    room = round(sizes(aged.made.conn, aged.made.path).used * share)
    aged.keeper.retention = msgspec.structs.replace(Retention(), cap=Size(round(room / (1 - LOG_SHARE))))
    return room


def left(aged: Aged) -> list[int]:
    """How many rows there are of what goes first, second, third and last; and of what stays."""
    return [
        aged.rows(f"SELECT count(*) FROM {what}")[0][0]
        for what in ("cpu_samples", "rollups WHERE tier_s = 300", "skill_metrics",
                     "rollups WHERE tier_s = 3600", "alerts")
    ]  # fmt: skip
