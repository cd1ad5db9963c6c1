"""What a SQLite file is made of. Source: sqlite.org/pragma.html, sqlite.org/dbstat.html."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from .job import Database, Deadline, Job, Refused, Rows

# Where our own SQLite was built without the dbstat table, the interpreter's often has it. Two of them
# must never share a process, so that one looks from a process of its own, and only reads.
LOOK = """
import json, sqlite3, sys
database = sqlite3.connect(sys.argv[1], uri=True)
database.execute("PRAGMA query_only = 1")
print(json.dumps(database.execute("SELECT name, sum(pgsize) FROM dbstat GROUP BY name").fetchall()))
"""
OBJECTS = (
    "SELECT name, type, tbl_name AS \"table\" FROM sqlite_master WHERE type IN ('table', 'index')"
    " AND rootpage > 0 ORDER BY tbl_name, type = 'index', name"
)


def stats(database: Database, job: Job) -> dict[str, Any]:
    """Sizes, pages, journal, tables and indexes; what there was no time for is None and told in ``late``."""
    quoted_path = job.url.partition(":")[2]
    path, deadline = unquote(quoted_path), Deadline(job.timeout)
    objects = database.rows(OBJECTS)
    whole = {
        "path": path,
        "version": database.rows("SELECT sqlite_version() AS version")[0]["version"],
        "bytes": _size(path),
        "wal_bytes": _size(f"{path}-wal"),
        **_pages(database),
        "journal_mode": _pragma(database, "journal_mode"),
        "analyzed": any(item["name"] == "sqlite_stat1" for item in objects),
        "rows_are": "counted",
    }
    sizes = _sizes(quoted_path, deadline.left / 2)
    for item in objects:
        item["bytes"] = sizes.get(item["name"])
    # Last, since it takes longest.
    return {**whole, "late": _count(database, objects), "objects": objects}


def _pages(database: Database) -> dict[str, int]:
    size, pages, free = (_pragma(database, name) for name in ("page_size", "page_count", "freelist_count"))
    return {"page_bytes": size, "pages": pages, "free_pages": free, "free_bytes": size * free}


def _count(database: Database, objects: Rows) -> bool:
    """Count the rows of every table; whether time was up before that was done."""
    late = False
    for item in objects:
        item["rows"] = None
        if item["type"] == "table" and not late:
            try:
                item["rows"] = _rows(database, item["name"])
            except Refused as reason:
                if not reason.late:
                    raise
                late = True
    return late


def _rows(database: Database, table: str) -> int:
    quoted = table.replace('"', '""')
    ((found,),) = (row.values() for row in database.rows(f'SELECT count(*) FROM "{quoted}"'))  # noqa: S608  # a name of the schema
    return int(found)


def _sizes(quoted_path: str, seconds: float) -> dict[str, int]:
    """Bytes of every table and index; empty where no SQLite at hand can tell, or not in time."""
    command = [sys.executable, "-I", "-S", "-c", LOOK, f"file:{quoted_path}?mode=ro"]
    try:
        done = subprocess.run(command, capture_output=True, timeout=seconds, check=True)
    except (subprocess.SubprocessError, OSError):
        return {}
    found: list[tuple[str, int]] = json.loads(done.stdout)
    return dict(found)


def _pragma(database: Database, name: str) -> Any:
    return database.rows(f"PRAGMA {name}")[0][name]


def _size(path: str) -> int:
    try:
        return Path(path).stat().st_size
    except OSError:
        return 0
