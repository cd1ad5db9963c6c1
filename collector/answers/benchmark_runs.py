"""One benchmark run as one object, with its families of figures inside."""

from __future__ import annotations

from typing import TYPE_CHECKING

from collector.answers.rows import rows
from collector.answers.timed import Row
from collector.records.base import KINDS

if TYPE_CHECKING:
    from collector.orm import peewee


def one(database: peewee.SqliteDatabase, run_id: str) -> Row | None:
    """The run with `performance`, `autonomy`, `quality` and `workflow` (None where not sent), or None."""
    found = rows(database, KINDS["benchmark"], where={"run_id": run_id}, limit=1)
    return found[0] if found else None
