"""What happened to the file itself: damaged, deleted or replaced while it was recorded into."""

from __future__ import annotations

from typing import TYPE_CHECKING

from collector.answers.timed import Row, ask
from collector.moments import at_minute
from collector.records.recovery import Recovery
from collector.store.database import file_size
from collector.units import size

if TYPE_CHECKING:
    from pathlib import Path

    from collector.orm import peewee

NEWEST = 3


def recoveries(database: peewee.SqliteDatabase, path: Path) -> list[Row]:
    """The newest of them, the last one last; ``lies`` where the old file still lies beside ``path``."""
    query = Recovery.select().order_by(Recovery.id.desc()).limit(NEWEST)
    rows = ask(database, "status.recoveries", query)
    return [row | {"lies": bool(row["aside"]) and _lies(path, row) > 0} for row in reversed(rows)]


def in_words(row: Row, path: Path, now_ms: int) -> str:
    """One of them, with what became of the rows, and what to do."""
    when = at_minute(row["timestamp"], now_ms)
    if row["reason"] == "deleted":
        return f"{row['detail']} ({when})"
    if row["reason"] == "replaced":
        first = f"another file was put in the database's place {when}"
        lies = f"what it held lies in {row['aside']} ({size(_lies(path, row))})"
        return f"{first}: {lies}; delete it when you like"
    saved = f"{row['rows_saved']:,} rows of it {'are saved' if row['finished_ms'] else 'are saved so far'}"
    lies = f"it lies in {row['aside']} ({size(_lies(path, row))})"
    return f"the database was damaged {when}: {saved}, and {lies}; delete it when you no longer need it"


def _lies(path: Path, row: Row) -> int:
    return file_size(path.with_name(str(row["aside"])))
