"""What rollups and retention cost for one more day, how long their steps are, and what they hold up."""

from __future__ import annotations

import random
import statistics
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.report import Row
from benchmarks.year_data import HOUR_MS, Year, insert_row, insert_ticks, work
from benchmarks.year_machine import EVERY_MS, Machine, Rows, ticks
from benchmarks.year_work import DAY_MS
from collector import clock
from collector.clock import Instant
from collector.errors import CollectorError
from collector.orm import sqlite3
from collector.records.base import KINDS
from collector.sections import Retention
from collector.store.buffer import Buffer, Limits
from collector.store.database import open_writer, raw, transaction
from collector.store.retention.keeper import Keeper
from collector.store.rollups.rolling import Rollups
from collector.store.writer import Writer
from collector.units import Size

STRETCH_MS = 300_000
BAR_PERCENT = 0.05
BAR_MS = 50.0
# The day goes by so fast that a tick comes each so many seconds: there is always some upkeep to wait for.
TICK_SECONDS = 0.01
BESIDE_MS = 3 * HOUR_MS
# The cap must not cut the year before all is asked of it.
UNCAPPED = Retention(cap=Size(4_000_000_000))

Events = list[tuple[str, dict[str, Any]]]


@dataclass
class Steps:
    """CPU and wall time of steps, by what they belong to."""

    cpu_s: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    took: list[tuple[float, float, str]] = field(default_factory=list)  # wall ms, CPU ms, what it was

    def run(self, conn: Any, name: str, step: Callable[[Any], Any], *, alone: bool) -> Any:
        """Do one as the writer does, its commit included; ``alone`` has no transaction around it."""
        cpu_s, wall_s = time.thread_time(), time.perf_counter()
        if alone:
            done = step(conn)
        else:
            with transaction(conn):
                done = step(conn)
        cpu_s, wall_s = time.thread_time() - cpu_s, time.perf_counter() - wall_s
        self.cpu_s[name.partition(".")[0]] += cpu_s
        self.took.append((1000 * wall_s, 1000 * cpu_s, name))
        return done


def aged(path: Path, year: Year) -> list[Row]:
    """What is over age goes."""
    database = open_writer(path)
    conn = raw(database)
    made = _round_alone(conn, Keeper(path, UNCAPPED), Day(conn, year), "retention of a day in arrears")
    database.close()
    return made


def rows(path: Path, year: Year) -> list[Row]:
    """A day passes, then some hours beside a writer; and what the cap takes."""
    database = open_writer(path)
    conn = raw(database)
    keeper, day, made = Keeper(path, UNCAPPED), Day(conn, year), list[Row]()
    steps, before = Steps(), _kept(conn)
    for stretch in day.stretches(DAY_MS):
        day.store(stretch)
        _stretch(conn, steps, keeper, day, stretch)
    made += [*_costs(steps), *_longest(steps), _change(before, _kept(conn))]
    made += _beside(conn, keeper, day)
    keeper.retention = Retention()
    made += _round_alone(conn, keeper, day, "round that cuts it to the cap")
    database.close()
    return made


class Day:
    """Goes on where the year ends."""

    def __init__(self, conn: Any, year: Year) -> None:
        self.conn, self.year = conn, year
        self.rollups = Rollups()
        self._machine, self._chance = Machine(random.Random(8)), random.Random(9)
        self.at_ms = year.now_ms - year.now_ms % STRETCH_MS + HOUR_MS  # recorders ran meanwhile
        self._began = clock.now()

    def instant(self, wall_ms: int) -> Instant:
        """That moment, on clocks that went on undisturbed."""
        return self._began.later((wall_ms - self._began.wall_ms) / 1000)

    def stretches(self, length_ms: int) -> Iterator[tuple[int, list[Rows], Events]]:
        """Every 5 minutes in which the machine is awake: their end, ticks, and what was run and reported."""
        begin_ms = self.at_ms
        self.at_ms += length_ms
        events: dict[int, Events] = defaultdict(list)
        for kind, row in work(self._chance, begin_ms, self.year):
            moment = row.get("timestamp") or row["recorded_at"]
            events[moment - moment % STRETCH_MS].append((kind, row))
        for at_ms in range(begin_ms, self.at_ms, STRETCH_MS):
            moments = range(at_ms, at_ms + STRETCH_MS, EVERY_MS)
            if found := [*ticks(self._machine, moments, self.year.awake)]:
                yield at_ms + STRETCH_MS, found, events[at_ms]

    def store(self, stretch: tuple[int, list[Rows], Events]) -> None:
        """As flushes would have; not measured."""
        with transaction(self.conn):
            for rows_ in stretch[1]:
                insert_ticks(self.conn, rows_)
            for kind, row in stretch[2]:
                insert_row(self.conn, kind, row)


def _stretch(conn: Any, steps: Steps, keeper: Keeper, day: Day, stretch: tuple[int, Any, Any]) -> None:
    """What the daemon does after 5 minutes: a round of both."""
    now = day.instant(stretch[0] + 10_000)
    while steps.run(conn, "rollups", day.rollups.turn(now.wall_ms), alone=False):
        pass
    _round(conn, steps, keeper, now)


def _round(conn: Any, steps: Steps, keeper: Keeper, now: Instant) -> None:
    while (turn := keeper.turn(now)) is not None:
        with suppress(sqlite3.Error):
            steps.run(conn, turn.name, turn.step, alone=True)


def _round_alone(conn: Any, keeper: Keeper, day: Day, what: str) -> list[Row]:
    """A round to its end, and how far it went."""
    steps, before = Steps(), _kept(conn)
    _round(conn, steps, keeper, day.instant(day.at_ms))
    after = _kept(conn)
    took_s = sum(took[0] for took in steps.took) / 1000
    days = (day.at_ms - after["cpu_samples"]) / DAY_MS
    note = (
        f"{before['bytes'] / 1e6:.0f} to {after['bytes'] / 1e6:.0f} MB, samples of {days:.1f} days are left"
    )
    return [Row(what, took_s, "s", note=note), *_longest(steps, "in it the ")]


def _kept(conn: Any) -> dict[str, float]:
    """The file's bytes, and from when on there are raw samples."""
    ((page_bytes,), (pages,), (free,)) = (
        conn.execute(f"PRAGMA {name}").fetchone() for name in ("page_size", "page_count", "freelist_count")
    )
    (oldest,) = conn.execute("SELECT min(timestamp) FROM cpu_samples").fetchone()
    return {"bytes": page_bytes * pages, "free": page_bytes * free, "cpu_samples": oldest}


def _costs(steps: Steps) -> list[Row]:
    whole = sum(steps.cpu_s.values())
    parts = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in steps.cpu_s.items())
    return [
        Row("CPU of rollups and retention", 100 * whole / 86_400, "% of a core", ("<=", BAR_PERCENT),
            f"{whole:.1f} s for a day more: {parts}"),
    ]  # fmt: skip


def _longest(steps: Steps, what: str = "") -> list[Row]:
    longest, its_cpu, name = max(steps.took)
    usual = statistics.quantiles((took[0] for took in steps.took), n=100)[98]
    dearest = max(took[1] for took in steps.took)
    note = (
        f"{name}, CPU {its_cpu:.0f} of it; p99 {usual:.1f} of {len(steps.took):,}; most CPU {dearest:.0f} ms"
    )
    return [Row(f"{what}longest step", longest, "ms", ("<=", BAR_MS), note)]


def _change(before: dict[str, float], after: dict[str, float]) -> Row:
    moved = (after["cpu_samples"] - before["cpu_samples"]) / HOUR_MS
    note = f"free {after['free'] / 1e6:.1f} MB; the oldest raw sample moved on by {moved:.1f} h"
    return Row("file grew in that day", (after["bytes"] - before["bytes"]) / 1e6, "MB", note=note)


def _beside(conn: Any, keeper: Keeper, day: Day) -> list[Row]:
    """Hours more, their ticks flushed by the product's writer one by one while it does the upkeep too."""
    flushes = Flushes(conn)
    alone = [ms for stretch in day.stretches(STRETCH_MS * 6) for ms in flushes.put_all(stretch[1])]
    ended = threading.Event()
    now = [day.instant(0)]
    upkeep = threading.Thread(target=_upkeep, args=(flushes.writer, keeper, day, now, ended))
    upkeep.start()
    beside = []
    for stretch in day.stretches(BESIDE_MS):
        beside += flushes.put_all(stretch[1])
        now[0] = day.instant(stretch[0] + 10_000)
    ended.set()
    upkeep.join(60)
    flushes.writer.close(10)
    usual, without = (statistics.quantiles(ms, n=100)[98] for ms in (beside, alone))
    note = f"p99 {usual:.1f} ms of {len(beside):,}; without them p99 {without:.1f}, max {max(alone):.1f} ms"
    return [Row("longest flush beside them, from put", max(beside), "ms", ("<=", BAR_MS), note)]


class Flushes:
    """The product's writer and buffer; each tick is due at once, and timed from put to committed."""

    def __init__(self, conn: Any) -> None:
        self._committed = threading.Event()
        self._buffer = Buffer(Limits(age=0.0))
        self.writer = Writer(conn, self._buffer, stored=lambda _: self._committed.set())
        self.writer.start()

    def put_all(self, found: list[Rows]) -> Iterator[float]:
        """ms of each tick."""
        for rows_ in found:
            records = [*_records(rows_)]
            self._committed.clear()
            began = time.perf_counter()
            self._buffer.put(time.monotonic(), records)
            self._committed.wait(10)
            yield (time.perf_counter() - began) * 1000
            time.sleep(TICK_SECONDS)


def _records(rows_: Rows) -> Iterator[msgspec.Struct]:
    for name, found in rows_.items():
        names = [column.column_name for column in KINDS[name].given]
        for row in found:
            values = dict(zip(names, row, strict=True))
            if name == "sensor":
                values["on_mains"] = bool(values["on_mains"])
            yield KINDS[name].struct(**values)


def _upkeep(writer: Writer, keeper: Keeper, day: Day, now: list[Instant], ended: threading.Event) -> None:
    """Ask for one step after the other, without a pause, until all is over."""
    while not ended.is_set():
        turn = keeper.turn(now[0])
        asked = [writer.ask("rollups", day.rollups.turn(now[0].wall_ms))]
        if turn is not None:
            asked.append(writer.ask(turn.name, turn.step, transaction=False))
        for one in asked:
            with suppress(CollectorError):
                one.wait(30)
