"""What the file is made of: its size, its tables and indexes, and the migrations it went through."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from collector.answers.timed import Row, ask_sql
from collector.orm import select
from collector.store.database import file_size, wal_path

if TYPE_CHECKING:
    from collector.orm import peewee

# Where our own SQLite was built without the dbstat table, the interpreter's often has it. Two of them
# must never share a process, so that one looks from a process of its own, and only reads.
_DBSTAT = "SELECT name, sum(pgsize) FROM dbstat GROUP BY name"
_LOOK = f"""
import json, sqlite3, sys
database = sqlite3.connect(sys.argv[1], uri=True)
database.execute("PRAGMA query_only = 1")
print(json.dumps(database.execute("{_DBSTAT}").fetchall()))
"""
_LOOK_SECONDS = 60.0


def file(database: peewee.SqliteDatabase, path: Path) -> Row:
    """Sizes of the file and its write-ahead log, and its pages."""
    page_size, pages, free = (database.pragma(name) for name in ("page_size", "page_count", "freelist_count"))
    return {
        "path": str(path),
        "bytes": file_size(path),
        "wal_bytes": file_size(wal_path(path)),
        "page_bytes": page_size,
        "pages": pages,
        "free_pages": free,
        "free_bytes": page_size * free,
    }


def migrations(database: peewee.SqliteDatabase) -> list[Row]:
    """The migrations noted in the file, in order, with when each was applied (local time, as text)."""
    return ask_sql(database, "storage.migrations", "SELECT name, applied FROM schema_migration ORDER BY name")


def objects(database: peewee.SqliteDatabase) -> list[Row]:
    """Every table and index: name, type, and the table it belongs to; tables before their indexes."""
    return ask_sql(
        database,
        "storage.objects",
        "SELECT name, type, tbl_name AS \"table\" FROM sqlite_master WHERE type IN ('table', 'index')"
        " AND rootpage > 0 ORDER BY tbl_name, type = 'index', name",
    )


def measured(database: peewee.SqliteDatabase, item: Row, found: Iterable[Row], sizes: dict[str, int]) -> Row:
    """One of the ``found`` objects with its bytes; a table also with rows, and what a row costs in all."""
    row = item | {"bytes": sizes.get(item["name"]), "rows": None, "bytes_per_row": None}
    if item["type"] == "table":
        row["rows"] = _rows(database, item["name"])
        whole = sum(sizes.get(other["name"], 0) for other in found if other["table"] == item["name"])
        row["bytes_per_row"] = round(whole / row["rows"], 1) if whole and row["rows"] else None
    return row


def sizes_by_name(database: peewee.SqliteDatabase, path: Path) -> dict[str, int]:
    """Bytes of every table and index; empty where no SQLite at hand can tell."""
    if ask_sql(database, "storage.options", "SELECT 1 FROM pragma_module_list WHERE name = 'dbstat'"):
        return dict(select(database, _DBSTAT))
    return _sizes_from_outside(path)


def _sizes_from_outside(path: Path) -> dict[str, int]:
    command = [sys.executable, "-I", "-S", "-c", _LOOK, path.absolute().as_uri() + "?mode=ro"]
    try:
        done = subprocess.run(command, capture_output=True, timeout=_LOOK_SECONDS, check=True)
    except (subprocess.SubprocessError, OSError):
        return {}  # an interpreter without dbstat, or with a SQLite too old for our tables
    found: list[tuple[str, int]] = json.loads(done.stdout)
    return dict(found)


def _rows(database: peewee.SqliteDatabase, table: str) -> int:
    quoted = table.replace('"', '""')
    # Not asked through `timed`: walking along the whole table is the point, not a slow query.
    ((count,),) = select(database, f'SELECT count(*) FROM "{quoted}"')  # noqa: S608  # a name of the schema
    return int(count)
