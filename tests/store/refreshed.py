"""A record whose summaries are refreshed by hand, its steps done at once and noted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from collector.orm import peewee
from collector.store import summaries
from collector.store.cache import Step
from collector.store.database import transaction
from collector.store.summaries import Slow
from tests.answers.made import Made
from tests.conftest import START

NOW = START.wall_ms
SLOW = Slow({"query": 100.0, "api": 500.0, "frontend": 1000.0, "cache": 10.0})


class Refreshed:
    """A record that is refreshed by hand; notes the steps it asked the writer for."""

    def __init__(self, made: Made, reader: peewee.SqliteDatabase) -> None:
        self.made, self.reader = made, reader
        self.steps: list[tuple[str, int]] = []
        self.stop_after = 1_000_000

    def ask(self, name: str, step: Step) -> Any:
        with transaction(self.made.conn):
            before = self.made.conn.total_changes
            done = step(self.made.conn)
            self.steps.append((name, self.made.conn.total_changes - before))
            return done

    def stop(self) -> bool:
        self.stop_after -= 1
        return self.stop_after < 0

    def now(self, later_ms: int = 0, tasks: Path | None = None) -> dict[str, int]:
        return summaries.refresh(
            self.reader, self.ask, self.stop, now_ms=NOW + later_ms, slow=SLOW, tasks=tasks
        )

    def rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        return list(self.made.conn.execute(sql, values).fetchall())

    def users(self) -> dict[str, dict[str, Any]]:
        cursor = self.made.conn.execute("SELECT * FROM user_activity_summary")
        names = [column[0] for column in cursor.description]
        return {row[0]: dict(zip(names, row, strict=True)) for row in cursor.fetchall()}
