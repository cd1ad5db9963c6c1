"""Is the file as it should be? One check a subject; each only reads, and can run beside the daemon."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from collector.answers.timed import ask_sql
from collector.orm import peewee, select
from collector.sqlite import FIXED_WAL_RESET, sqlite3, wal_reset_bug
from collector.store import schema
from collector.store.database import APPLICATION_ID, file_size, wal_path
from collector.store.failures import classify, in_words
from collector.units import size

if TYPE_CHECKING:
    from collections.abc import Sequence

State = Literal["ok", "warning", "wrong"]

# What the name of a check of one table and its indexes begins with.
PAGES = "pages of "
_LARGE_WAL = 64 << 20
_MOST_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found, in words, and what to do where it is not well."""

    check: str
    state: State
    found: str
    advice: str = ""


class Check(NamedTuple):
    """One subject, and what looks at it."""

    name: str
    find: Callable[[], Finding]


def checks(database: peewee.SqliteDatabase, path: Path) -> list[Check]:
    """Every check, ready to be called, cheap ones first; the file is read whole, a table at a time."""
    tables = [
        row["name"]
        for row in ask_sql(
            database,
            "verify.tables",
            "SELECT name FROM sqlite_master WHERE type = 'table' AND rootpage > 0 ORDER BY name",
        )
    ]
    return [
        Check("library", _library),
        Check("mark", partial(_mark, database)),
        Check("migrations", partial(_migrations, database)),
        Check("schema", partial(_schema, database)),
        Check("pragmas", partial(_pragmas, database)),
        Check("wal", partial(_wal, path)),
        Check("foreign keys", partial(_foreign_keys, database)),
        *(Check(f"{PAGES}{table}", partial(_pages, database, table)) for table in tables),
    ]


def look(check: Check) -> Finding:
    """Run one check; a file too damaged for it is a finding, too."""
    try:
        return check.find()
    except (peewee.PeeweeException, sqlite3.Error) as error:
        return Finding(check.name, "wrong", f"{in_words(classify(error))}: {error}", _DAMAGED)


_UPGRADE = "restart the recorder, or `collector db upgrade`"
_RESTORE = "stop the recorder and restore a backup with `collector db restore`, or move the file away"
_DAMAGED = "restart the recorder: it sets the file aside and saves what can be read; or restore a backup"


def _library() -> Finding:
    found = f"SQLite {sqlite3.sqlite_version}"
    if not wal_reset_bug():
        return Finding("library", "ok", found)
    fixed = ".".join(map(str, FIXED_WAL_RESET))
    return Finding(
        "library",
        "warning",
        f"{found} can damage a WAL file when two programs write at one instant",
        f"let only the recorder write it, or install pysqlite3 or SQLite {fixed}",
    )


def _mark(database: peewee.SqliteDatabase) -> Finding:
    mark, version = database.pragma("application_id"), database.pragma("user_version")
    newest = max((int(name[:4]) for name in schema.applied_names(database) if name[:4].isdigit()), default=0)
    if mark == APPLICATION_ID and version == newest:
        return Finding("mark", "ok", f"collector's, version {version}")
    return Finding(
        "mark", "wrong", f"application id {mark:#x}, version {version} where {newest} was due", _RESTORE
    )


def _migrations(database: peewee.SqliteDatabase) -> Finding:
    applied, known = schema.applied_names(database), schema.known()
    if unknown := sorted(applied - set(known)):
        return Finding(
            "migrations", "wrong", f"not known here: {', '.join(unknown)}", "install the newer version"
        )
    if pending := schema.pending(database):
        return Finding(
            "migrations",
            "wrong",
            f"missing: {', '.join(pending)}",
            _UPGRADE,
        )
    return Finding("migrations", "ok", f"{len(known)} applied, the newest is {max(known)}")


def _schema(database: peewee.SqliteDatabase) -> Finding:
    different = schema.differences(database)
    if not different:
        added = schema.additions(database)
        also = f"; added by somebody: {', '.join(added)}" if added else ""
        return Finding("schema", "ok", f"tables and indexes are what the models say{also}")
    # What a migration yet to come makes is no damage.
    advice = _UPGRADE if schema.pending(database) else _RESTORE
    return Finding("schema", "wrong", _some(different), advice)


def _pragmas(database: peewee.SqliteDatabase) -> Finding:
    journal, vacuum, encoding = (
        database.pragma(name) for name in ("journal_mode", "auto_vacuum", "encoding")
    )
    found = f"journal {journal}, auto_vacuum {vacuum}, {encoding}"
    if journal != "wal" or encoding != "UTF-8":
        return Finding("pragmas", "wrong", found, "start the recorder once: it sets WAL mode")
    if vacuum != 2:
        return Finding(
            "pragmas", "warning", found, "freed pages stay in the file until `VACUUM` is run on it"
        )
    return Finding("pragmas", "ok", found)


def _wal(path: Path) -> Finding:
    wal = file_size(wal_path(path))
    if wal <= _LARGE_WAL:
        return Finding("wal", "ok", size(wal))
    return Finding("wal", "warning", size(wal), "some program keeps the database open for reading: end it")


def _foreign_keys(database: peewee.SqliteDatabase) -> Finding:
    broken = ask_sql(database, "verify.foreign_keys", "PRAGMA foreign_key_check")
    if not broken:
        return Finding("foreign keys", "ok", "every reference leads somewhere")
    rows = [f"{row['table']} row {row['rowid']} → {row['parent']}" for row in broken]
    return Finding("foreign keys", "wrong", _some(rows), _RESTORE)


def _pages(database: peewee.SqliteDatabase, table: str) -> Finding:
    quoted = table.replace('"', '""')
    # Not asked through `timed`: reading the whole table is the point, not a slow query.
    rows = [row for (row,) in select(database, f'PRAGMA quick_check("{quoted}")')]
    if rows == ["ok"]:
        return Finding(f"{PAGES}{table}", "ok", "in order")
    return Finding(f"{PAGES}{table}", "wrong", _some(rows), _DAMAGED)


def _some(faults: Sequence[str]) -> str:
    more = len(faults) - _MOST_SHOWN
    return "; ".join([*faults[:_MOST_SHOWN], *([f"and {more} more"] if more > 0 else [])])
