"""A store that is rolled up by hand, and what its rollups should be: worked out of all rows, the long way."""

from __future__ import annotations

import math
from collections import defaultdict
from typing import Any

import msgspec
import pytest

from collector import sketch
from collector.records.base import KINDS
from collector.records.disk import DiskSample
from collector.records.sensor import SensorSample
from collector.records.skill import Skill
from collector.store.changes import Change, Where, apply
from collector.store.database import open_reader, transaction
from collector.store.rollups import repairing
from collector.store.rollups.part import Part
from collector.store.rollups.rolling import Rollups
from collector.store.rollups.tiers import TIERS_S, begin
from collector.store.writer import Writer
from tests.conftest import Store

MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
LAST = 4_000_000_000_000

# tier_s, timestamp, column, key
Cell = tuple[int, int, str, str]


class World:
    """Stores, rolls up and changes as the daemon does."""

    def __init__(self, store: Store) -> None:
        self.store, self.conn = store, store.conn
        self.restart()

    def restart(self) -> None:
        """As after a restart: whatever was only in memory is gone."""
        self.rollups = Rollups()
        self.store.writer = Writer(self.conn, self.store.buffer, late=self.rollups.late)

    def put(self, *records: msgspec.Struct) -> None:
        """The writer takes them now."""
        self.store.put(*records)
        self.store.flush()

    def turns(self, now_ms: int = LAST, most: int = 1_000_000) -> bool:
        """Steps of the rolling up, until there is no more; whether it came to that."""
        for _ in range(most):
            with transaction(self.conn):
                if not self.rollups.turn(now_ms)(self.conn):
                    return True
        return False

    def failing_turn(self, now_ms: int = LAST) -> None:
        """A step whose transaction is undone."""
        with transaction(self.conn) as undo:
            self.rollups.turn(now_ms)(self.conn)
            undo()

    def change(self, *steps: Change) -> Any:
        """What an application changes."""
        with transaction(self.conn):
            return apply(steps)(self.conn)

    def repair(self) -> int:
        """The marked hours are rolled up once more."""
        reader = open_reader(self.store.path)
        try:
            return repairing.repair(reader, self.ask, lambda: False)
        finally:
            reader.close()

    def ask(self, _name: str, step: Any) -> Any:
        """Have the writer do it at once."""
        with transaction(self.conn):
            return step(self.conn)

    def clear(self) -> None:
        """Empty what the tests fill."""
        tables = [
            KINDS[kind].table for kind in (*WHAT, "series", "rollup", "rollup_stale", "upkeep_position")
        ]
        for table in tables:
            self.conn.execute(f"DELETE FROM {table}")
        self.restart()

    def stored(self, kind: str) -> dict[Cell, Part]:
        """The rollups of a kind as they are stored."""
        found: dict[Cell, Part] = {}
        for tier_s, moment, column, key, *row in self.conn.execute(
            'SELECT tier_s, r.timestamp, "column", "key", count, sum, min, max, sketch FROM rollups AS r'
            " JOIN series ON series.id = series_id WHERE subject = ?",
            (kind,),
        ):
            part = found[tier_s, moment, column, key] = Part()
            part.add_row(tuple(row))  # type: ignore[arg-type]
        return found


def expected(
    world: World, kind: str, keys: tuple[str, ...], columns: tuple[str, ...]
) -> dict[Cell, list[float]]:
    """All values of each cell, sorted, by a walk over all rows."""
    found: dict[Cell, list[float]] = defaultdict(list)
    moment = KINDS[kind].moment
    cursor = world.conn.execute(f"SELECT * FROM {KINDS[kind].table}")
    names = [column[0] for column in cursor.description]
    for values in cursor.fetchall():
        row = dict(zip(names, values, strict=True))
        key = msgspec.json.encode([row[name] for name in keys]).decode()
        for column in columns:
            if row[column] is not None:
                for tier_s in TIERS_S:
                    found[tier_s, begin(row[moment], tier_s), column, key].append(row[column])
    return {cell: sorted(values) for cell, values in found.items()}


WHAT: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "disk": (
        ("device",),
        ("read_bytes_per_s", "written_bytes_per_s", "reads_per_s", "writes_per_s", "busy_percent"),
    ),
    "sensor": ((), ("temperature_celsius", "battery_percent", "on_mains")),
    "skill": (("skill_id",), ("execution_ms", "tokens_in", "tokens_out", "success")),
}


def check(world: World) -> None:
    """Count, sum and bounds are those of the rows, and percentiles lie within 1 %."""
    for kind, (keys, columns) in WHAT.items():
        should, stored = expected(world, kind, keys, columns), world.stored(kind)
        assert should.keys() == stored.keys()
        for cell, values in should.items():
            part = stored[cell]
            assert (part.count, part.low, part.high) == (len(values), values[0], values[-1])
            assert part.total == pytest.approx(math.fsum(values), rel=1e-9, abs=1e-6)
            for fraction in (0.0, 0.5, 0.95):
                check_percentile(part.buckets, values, fraction)


def check_percentile(buckets: sketch.Buckets, ordered: list[float], fraction: float) -> None:
    """It lies within 1 % of the values around its rank."""
    (found,) = sketch.percentiles(buckets, [fraction])
    rank = fraction * (len(ordered) - 1)
    low, high = ordered[math.floor(rank)], ordered[math.ceil(rank)]
    assert found is not None
    slack = 1.000001 * sketch.ERROR
    assert low - abs(low) * slack - 1e-8 <= found <= high + abs(high) * slack + 1e-8


def disk(moment: int, device: str = "sda", value: float = 1.0) -> msgspec.Struct:
    """A disk sample."""
    names = WHAT["disk"][1]
    return DiskSample.record(timestamp=moment, device=device, **{n: value * i for i, n in enumerate(names)})


def sensor(moment: int, celsius: float | None, on_mains: bool | None = None) -> msgspec.Struct:
    """A sensor's sample."""
    return SensorSample.record(timestamp=moment, temperature_celsius=celsius, on_mains=on_mains)


def skill(moment: int, name: str = "s", value: float = 1.0, **columns: Any) -> msgspec.Struct:
    """A skill's run."""
    given = {"execution_ms": value, "tokens_in": int(value), "tokens_out": 7, "success": value > 5}
    return Skill.record(**{"timestamp": moment, "skill_id": name, **given, **columns})


def skills(since_ms: int | None = None, until_ms: int | None = None, **columns: Any) -> Where:
    """Skills of a window, or with some values."""
    return Where(KINDS["skill"], columns, since_ms, until_ms)
