"""Rollups are what the rows say, after a salvage during which new rows were recorded and rolled up."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from collector.store import schema
from collector.store.buffer import Buffer
from collector.store.database import open_writer, raw, transaction
from collector.store.recovery import aside, salvage
from collector.store.writer import Writer
from tests.conftest import START, Store
from tests.store.recovery.old import leaves, zeroed
from tests.store.rollups.world import DAY, MINUTE, World, check, disk, sensor, skill

MIDNIGHT = START.wall_ms - START.wall_ms % DAY
ROLLED, OLD, NEW = 600, 640, 700


@contextmanager
def world(path: Path) -> Iterator[World]:
    """A record that is rolled up by hand."""
    database = open_writer(path, "normal")
    schema.prepare(database, path)
    buffer, conn = Buffer(), raw(database)
    try:
        yield World(Store(path, database, conn, buffer, Writer(conn, buffer)))
    finally:
        database.close()


def put(made: World, first: int, behind: int) -> None:
    """Rows of three kinds, a minute after each other."""
    for n in range(first, behind):
        moment = MIDNIGHT + n * MINUTE
        made.put(skill(moment, value=float(n)), disk(moment, value=n % 7), sensor(moment, float(n % 50)))


@pytest.mark.parametrize("lost", [None, "rollups", "upkeep_positions", "series"])
def test_every_row_is_counted_once(tmp_path: Path, lost: str | None) -> None:
    """Those that were in rollups, those that were not yet, and new ones of the same hour and day."""
    path = tmp_path / "c.db"
    with world(path) as old:
        put(old, 0, ROLLED)
        old.turns(MIDNIGHT + ROLLED * MINUTE)
        put(old, ROLLED, OLD)
        old.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    if lost is not None:
        zeroed(leaves(path, lost)[-1])(path)
    lies = aside.set_aside(path, START.wall_ms)
    with world(path) as new:
        with transaction(new.conn):
            salvage.begin(new.conn, lies, "damaged", "a page", START.wall_ms)
        put(new, OLD, NEW)
        while salvage.unfinished(new.conn):
            left = iter(range(4))
            salvage.carry(lies, new.ask, lambda left=left: next(left, None) is None)  # type: ignore[misc]
            new.turns(MIDNIGHT + NEW * MINUTE, most=1)
        assert new.turns()
        new.repair()
        assert new.store.rows("SELECT count(*) FROM skill_metrics") == [(NEW,)]
        check(new)
