"""What happened to the file itself: damaged, deleted or replaced while it was recorded into."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from collector.answers.timed import Row, ask
from collector.moments import at_minute
from collector.records.recovery import Recovery
from collector.store.database import file_size, inode, wal_path
from collector.units import counted, size

if TYPE_CHECKING:
    from pathlib import Path

    from collector.orm import peewee

NEWEST = 3
# So many tables are told of by their names; the others are counted.
MOST_TABLES = 3

# Table → stretches and rows of it that are lost.
Left = dict[str, dict[str, int]]


def recoveries(database: peewee.SqliteDatabase, path: Path, now_ms: int) -> list[Row]:
    """The newest of them, the last one last, each with its ``sentence``; ``progress`` is left out.

    ``lies`` where the old file still lies beside ``path``: somebody has to decide about that.
    """
    query = Recovery.select().order_by(Recovery.id.desc()).limit(NEWEST)
    rows = ask(database, "status.recoveries", query)
    for row in rows:
        del row["progress"]
        row["left"] = _read(row["left"])
        row["lies"] = bool(row["aside"]) and any(map(inode, _aside(path, row)))
        row["sentence"] = _in_words(row, path, now_ms)
    return rows[::-1]


def _in_words(row: Row, path: Path, now_ms: int) -> str:
    """One of them, with what became of the rows, and what to do."""
    when = at_minute(row["timestamp"], now_ms)
    if row["reason"] == "deleted" or not row["aside"]:
        return f"{row['detail']} ({when})"
    where = f"lies in {row['aside']} ({size(sum(map(file_size, _aside(path, row))))})"
    free = "delete it when you no longer need it"
    if row["reason"] == "replaced":
        gone = f"{row['aside']}, which had what it held, is gone"
        kept = f"what it held {where}: {free}" if row["lies"] else gone
        return f"another file was put in the database's place {when}; {kept}"
    remedy = free if row["finished_ms"] else "saving goes on, so leave it there"
    kept = f"it {where}: {remedy}" if row["lies"] else f"{row['aside']} is gone"
    return f"the database was damaged {when}: {_saved(row)}; {kept}"


def _saved(row: Row) -> str:
    """What was saved of a damaged one, and what is lost."""
    saved = f"{counted(row['rows_saved'], 'row')} of it {'is' if row['rows_saved'] == 1 else 'are'} saved"
    if not row["finished_ms"]:
        return f"{saved} so far"
    return f"{saved}, {_lost(row['left'])}"


def _lost(left: Left | None) -> str:
    """What is lost; pages and commits of which nothing at all is left are not known of."""
    if not left:
        return "none is known to be lost" if left is None else "what is lost cannot be told"
    named = [_of_table(table, lost) for table, lost in [*left.items()][:MOST_TABLES]]
    more = len(left) - len(named)
    return ", ".join(named) + (f", and {counted(more, 'more table')} lost something" if more else "")


def _of_table(table: str, lost: dict[str, int]) -> str:
    stretches, rows = lost.get("stretches", 0), lost.get("rows", 0)
    parts = [f"lost {'a stretch' if stretches == 1 else f'{stretches:,} stretches'}"] if stretches else []
    parts += [f"{counted(rows, 'row')} did not fit"] if rows else []
    return f"{table} {' and '.join(parts)}" if stretches else f"{parts[0]} into {table}"


def _read(text: str | None) -> Left | None:
    """As an object, which `collector show` gives too; empty where somebody has spoiled it."""
    try:
        return None if text is None else msgspec.json.decode(text, type=Left)
    except msgspec.DecodeError:
        return {}


def _aside(path: Path, row: Row) -> tuple[Path, Path]:
    """The file that was set aside, which may be empty, and the log that went with it."""
    lies = path.with_name(str(row["aside"]))
    return lies, wal_path(lies)
