"""A record of which what is old goes, a turn at a time and by a clock of the test's own."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from collector.clock import Instant
from collector.sections import Retention
from collector.store.database import transaction
from collector.store.progress import move, rolled_up
from collector.store.retention import names
from collector.store.retention.keeper import Keeper
from collector.units import Duration
from tests.answers.made import DAY, MINUTE, Made

NOW_MS = 1_700_000_000_000
BEGIN = Instant(NOW_MS, 1_000.0, 1_000.0)
SHORT = Retention(
    samples=Duration(86_400), runs=Duration(2 * 86_400), reported=Duration(3 * 86_400),
    five_minutes=Duration(4 * 86_400), hours=Duration(5 * 86_400),
)  # fmt: skip


@dataclass
class Aged:
    """``now`` moves as the test says; ``steps`` are the names of what was done and how many rows went."""

    made: Made
    keeper: Keeper = field(init=False)
    now: Instant = BEGIN
    steps: list[tuple[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.restart(SHORT)

    def restart(self, retention: Retention = SHORT) -> None:
        """As after a restart: nothing is known but what is stored."""
        self.keeper = Keeper(self.made.path, retention)

    def round(self) -> list[tuple[str, Any]]:
        """One round; what was done in it."""
        done = []
        while (turn := self.keeper.turn(self.now)) is not None:
            done.append((turn.name, turn.step(self.made.conn)))
        self.steps += done
        return done

    def later(self, seconds: float, wall_seconds: float | None = None) -> None:
        """Let time pass; ``wall_seconds`` where the wall clock moves otherwise."""
        wall_ms = self.now.wall_ms + round((seconds if wall_seconds is None else wall_seconds) * 1000)
        self.now = self.now.later(seconds)._replace(wall_ms=wall_ms)

    def run_for(self, hours: float) -> None:
        """So long it runs undisturbed, by whole half hours; a round after the first and every two hours."""
        left = round(2 * hours)
        while left > 0:
            some = 1 if left == round(2 * hours) else min(4, left)
            self.later(1800 * some)
            self.round()
            left -= some

    def rolled(self, **positions: int) -> None:
        """Say up to where kinds are rolled up."""
        for kind, to in positions.items():
            move(self.made.conn, rolled_up(kind), to, self.now.wall_ms)

    def cpu(self, *moments: int) -> None:
        """Processor samples."""
        self.store(
            "INSERT INTO cpu_samples (timestamp, busy_percent, user_percent, system_percent, iowait_percent,"
            " steal_percent, load_1m, load_5m, load_15m, context_switches_per_s)"
            " VALUES (?, 1, 1, 1, 0, 0, 0, 0, 0, 0)",
            [(moment,) for moment in moments],
        )

    def skills(self, *moments: int) -> None:
        """Runs of skills, in the order they arrive in."""
        chance = random.Random(5)
        self.store(
            "INSERT INTO skill_metrics (skill_id, execution_ms, tokens_in, tokens_out, success, timestamp)"
            " VALUES (?, ?, 1, 1, 1, ?)",
            [(chance.choice("abc"), chance.random(), moment) for moment in moments],
        )

    def store(self, sql: str, rows: Iterable[tuple[Any, ...]]) -> None:
        """Have rows stored at once."""
        with transaction(self.made.conn):
            self.made.conn.executemany(sql, rows)

    def moments(self, table: str, column: str = "timestamp") -> list[int]:
        """What is there, in the order of arrival or of time."""
        return [row[0] for row in self.rows(f'SELECT "{column}" FROM {table} ORDER BY rowid')]

    def rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """What an answer holds."""
        return list(self.made.conn.execute(sql, values).fetchall())

    def position(self, name: str) -> int:
        """A stored position."""
        ((found,),) = self.rows("SELECT position FROM upkeep_positions WHERE name = ?", name)
        return int(found)

    def trusted(self) -> int:
        """The trusted time."""
        return self.position(names.CLOCK)


def days_ago(*days: float) -> list[int]:
    """Moments so many days before the test begins."""
    return [NOW_MS - round(n * DAY) for n in days]


__all__ = ["DAY", "MINUTE", "NOW_MS", "SHORT", "Aged", "days_ago"]
