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


def recoveries(database: peewee.SqliteDatabase, path: Path, now_ms: int) -> list[Row]:
    """The newest of them, the last one last, each with its ``sentence``; ``progress`` is left out.

    ``lies`` where the old file still lies beside ``path``: somebody has to decide about that.
    """
    query = Recovery.select().order_by(Recovery.id.desc()).limit(NEWEST)
    rows = ask(database, "status.recoveries", query)
    for row in rows:
        del row["progress"]
        row["lies"] = bool(row["aside"]) and _lies(path, row) > 0
        row["sentence"] = _in_words(row, path, now_ms)
    return rows[::-1]


def _in_words(row: Row, path: Path, now_ms: int) -> str:
    """One of them, with what became of the rows, and what to do."""
    when = at_minute(row["timestamp"], now_ms)
    if row["reason"] == "deleted" or not row["aside"]:
        return f"{row['detail']} ({when})"
    where = f"lies in {row['aside']} ({size(_lies(path, row))}): delete it when you no longer need it"
    if row["reason"] == "replaced":
        kept = f"what it held {where}" if row["lies"] else f"{row['aside']}, which had what it held, is gone"
        return f"another file was put in the database's place {when}; {kept}"
    saved = f"{row['rows_saved']:,} rows of it are saved{'' if row['finished_ms'] else ' so far'}"
    kept = f"it {where}" if row["lies"] else f"{row['aside']} is gone"
    return f"the database was damaged {when}: {saved}, and {kept}"


def _lies(path: Path, row: Row) -> int:
    return file_size(path.with_name(str(row["aside"])))
