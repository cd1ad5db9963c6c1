"""The file of a recorder that ran for a year at its defaults, on a laptop that sleeps at night.

Some days are made row by row and rolled up by the product's own code; the year is made of copies of them,
in the order of time. What is a day over age is there too, for retention to delete.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import collector.records  # noqa: F401  # announces the record kinds
from benchmarks import year_past, year_work
from benchmarks.year_copy import Copy, copy_rollups
from benchmarks.year_machine import EVERY_MS, Machine, Rows, ticks
from collector.orm import peewee
from collector.records.base import KINDS
from collector.store import schema
from collector.store.database import open_writer, raw, transaction
from collector.store.progress import move, rolled_up
from collector.store.rollups.rolling import Rollups
from collector.store.rollups.sources import sources

DAY_MS = year_work.DAY_MS
HOUR_MS = 3_600_000
AWAKE_MS = 16 * HOUR_MS
PATTERN_DAYS = 3
# One more of each than is kept: the first round of retention finds them.
RAW_DAYS, FINE_DAYS, YEAR_DAYS = 15, 91, 365
MACHINE = ("cpu", "disk", "filesystem", "memory", "network", "pressure", "sensor", "recorder", "process")
BENCHMARK = tuple(f"benchmark_{family}" for family in ("performance", "autonomy", "quality", "workflow"))
REPORTED = ("run", "operation", "inference", "skill", "pool", "benchmark", *BENCHMARK)


@dataclass(frozen=True)
class Year:
    """When it ends: `now_ms`. Somebody is at the machine then."""

    now_ms: int

    def awake(self, moment_ms: int) -> bool:
        """Whether the machine is: 16 hours of 24, now in the middle of them."""
        return (moment_ms - self.now_ms + AWAKE_MS // 2) % DAY_MS < AWAKE_MS

    @property
    def today_ms(self) -> int:
        """When the day of UTC began that is not over."""
        return self.now_ms - self.now_ms % DAY_MS


def make(path: Path) -> Year:
    """Make the file; ``path`` must not exist."""
    year = Year(int(time.time() * 1000))
    pattern = path.with_name("pattern.db")
    _pattern(pattern, year)
    database = _opened(path)
    conn = raw(database)
    conn.execute("ATTACH ? AS pattern", (str(pattern),))
    year_past.fill(conn, year.now_ms, year.awake)
    for day in range(YEAR_DAYS, 0, -1):
        _say(f"day {YEAR_DAYS - day + 1} of {YEAR_DAYS}")
        with transaction(conn):
            _copy_day(conn, year, day)
    with transaction(conn):
        _settle_positions(conn, year)
        _copy_rows(conn, year, 0, (*MACHINE, *REPORTED), until_ms=year.now_ms)
    conn.execute("DETACH pattern")
    _roll(conn, year.now_ms)
    database.close()
    for file in path.parent.glob("pattern.db*"):
        file.unlink()
    print(file=sys.stderr)
    return year


def _opened(path: Path) -> peewee.SqliteDatabase:
    """A new file that is filled fast: a power cut may have it."""
    database = open_writer(path, "normal")
    schema.prepare(database, path)
    raw(database).executescript("PRAGMA synchronous = 0; PRAGMA cache_size = -100000")
    return database


def _pattern(path: Path, year: Year) -> None:
    """Some days before today, made row by row and rolled up."""
    chance = random.Random(7)
    database, machine = _opened(path), Machine(chance)
    conn = raw(database)
    for day in range(PATTERN_DAYS, 0, -1):
        _say(f"pattern, {day} days to go")
        begin_ms = year.today_ms - day * DAY_MS
        with transaction(conn):
            for rows in ticks(machine, range(begin_ms, begin_ms + DAY_MS, EVERY_MS), year.awake):
                insert_ticks(conn, rows)
            for kind, row in work(chance, begin_ms, year):
                insert_row(conn, kind, row)
        _roll(conn, begin_ms + DAY_MS)
    database.close()


def work(chance: random.Random, begin_ms: int, year: Year) -> Iterable[tuple[str, dict[str, Any]]]:
    """A day of runs and of what applications report."""
    yield from (("run", row) for row in year_work.runs(chance, begin_ms, year.awake))
    yield from year_work.reported(chance, begin_ms, year.awake)


def insert_ticks(conn: Any, rows: Rows) -> None:
    """Store samples."""
    for name, found in rows.items():
        kind = KINDS[name]
        marks = ", ".join("?" for _ in kind.columns)
        conn.executemany(f'INSERT INTO "{kind.table}" VALUES ({marks})', found)


def insert_row(conn: Any, kind: str, row: dict[str, Any]) -> None:
    """Store one row, and the rows inside it."""
    parts = {name: row[name] for name in row if isinstance(row[name], dict)}
    own = {name: value for name, value in row.items() if name not in parts}
    names, marks = ", ".join(f'"{name}"' for name in own), ", ".join("?" for _ in own)
    conn.execute(f'INSERT INTO "{KINDS[kind].table}" ({names}) VALUES ({marks})', [*own.values()])
    for name, part in parts.items():
        insert_row(conn, f"{kind}_{name}", {"run_id": row["run_id"], **part})


def _roll(conn: Any, now_ms: int) -> None:
    turn = Rollups().turn(now_ms)
    with transaction(conn):
        while turn(conn):
            pass


def _copy_day(conn: Any, year: Year, day: int) -> None:
    """The day that began so many days before today."""
    _copy_rows(conn, year, day, (*(MACHINE if day <= RAW_DAYS else ()), *REPORTED))
    for tier_s in (300, 3600, 86_400) if day <= FINE_DAYS else (3600, 86_400):
        copy_rollups(conn, tier_s, *_shift(year, day))


def _copy_rows(conn: Any, year: Year, day: int, kinds: Iterable[str], until_ms: int | None = None) -> None:
    for kind in kinds:
        Copy(kind, day).run(conn, *_shift(year, day), until_ms)


def _shift(year: Year, day: int) -> tuple[int, int]:
    """Where the day of the pattern begins, and by how much it is shifted."""
    pattern_day = day % PATTERN_DAYS + 1
    return year.today_ms - pattern_day * DAY_MS, (pattern_day - day) * DAY_MS


def _settle_positions(conn: Any, year: Year) -> None:
    """All that is copied is rolled up."""
    for source in sources():
        last = year.today_ms - 1
        if not source.kind.is_sample:
            ((last,),) = conn.execute(f'SELECT coalesce(max(id), 0) FROM "{source.kind.table}"').fetchall()
        move(conn, rolled_up(source.name), last, year.now_ms)


def _say(what: str) -> None:
    print(f"\r  {what:<40}", end="", file=sys.stderr, flush=True)
