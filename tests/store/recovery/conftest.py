"""A full record that is damaged and salvaged; the new one comes in its place."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from collector.store.progress import rolled_up
from collector.store.recovery import aside
from tests.store.recovery.old import NOW_MS, Record, contents, recording

COUNT = 200
# By table, the rows as texts: they are to be told apart, whatever is in them.
Held = dict[str, set[str]]


class Template(NamedTuple):
    """A full record and an empty one, made once, and what the first holds."""

    full: Path
    empty: Path
    held: Held


class Old:
    """A full record that is set aside, and an empty one that comes in its place."""

    def __init__(self, path: Path, template: Template) -> None:
        self.path, self._template = path, template
        shutil.copyfile(template.full, path)

    @property
    def held(self) -> Held:
        """What it held."""
        return self._template.held

    def change(self, *statements: tuple[Any, ...]) -> None:
        """Before it is damaged."""
        with recording(self.path) as record:
            for sql, *values in statements:
                record.conn.execute(sql, values)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """An answer of it."""
        with recording(self.path) as record:
            return record.rows(sql)

    def set_aside(self, damage: Callable[[Path], object] = lambda _: None) -> Path:
        """Damaged."""
        damage(self.path)
        lies = aside.set_aside(self.path, NOW_MS)
        shutil.copyfile(self._template.empty, self.path)
        return lies

    def lost(self, *tables: str) -> dict[str, int]:
        """How many rows of each table are not in the new one; others than ``tables`` hold no row besides."""
        now = held(self.path)
        for table in self.held.keys() - {*tables, "recoveries"}:
            assert now[table] - self.held[table] == set()
        gone = {table: len(rows - now[table]) for table, rows in self.held.items()}
        return {table: count for table, count in gone.items() if count}


def held(path: Path) -> Held:
    """All rows of all tables that are carried."""
    return {table: {*map(repr, rows)} for table, rows in contents(path).items()}


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Template:
    """Made once, since that takes its time."""
    full, empty = (tmp_path_factory.mktemp("template") / "c.db" for _ in range(2))
    Record(empty).close()
    with recording(full) as record:
        record.fill(COUNT)
        record.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return Template(full, empty, held(full))


@pytest.fixture
def old(tmp_path: Path, template: Template) -> Old:
    """One with some rows in each table."""
    return Old(tmp_path / "c.db", template)


def rolled(kind: str, end: int) -> tuple[Any, ...]:
    """A statement that says how far a kind is rolled up."""
    return "INSERT INTO upkeep_positions VALUES (?, ?, ?)", rolled_up(kind), end, NOW_MS


def last(record: Record) -> tuple[Any, ...]:
    """Rows saved, whether it goes on, and what was lost, of the last recovery."""
    return record.rows(
        'SELECT rows_saved, finished_ms IS NULL, "left" FROM recoveries ORDER BY id DESC LIMIT 1'
    )[0]
