"""A record at a fixed moment, and a connection that reads it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from collector.orm import peewee
from tests.answers.made import Made

NOW = 1_700_000_000_000


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Made]:
    """An empty record; tests add to it."""
    record = Made(tmp_path / "c.db", NOW)
    yield record
    record.close()


@pytest.fixture
def reader(made: Made) -> Iterator[peewee.SqliteDatabase]:
    """A connection that only reads, and sees what was added after it was opened."""
    with made.reader() as database:
        yield database
