"""The one SQLite of this process.

Two SQLite libraries on one file in one process corrupt it: closing the file in one drops the locks
of the other. So the module comes from here and nowhere else: ``pysqlite3`` (a current SQLite) where
a wheel exists, the interpreter's own otherwise.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3
else:
    try:
        from pysqlite3 import dbapi2 as sqlite3
    except ImportError:
        import sqlite3

__all__ = ["FIXED_WAL_RESET", "sqlite3", "wal_reset_bug"]

# 3.7.0 to 3.51.2 can corrupt a WAL file when two connections write or checkpoint at one instant.
FIXED_WAL_RESET = (3, 51, 3)


def wal_reset_bug() -> bool:
    """Whether this SQLite has the WAL-reset bug, against which only the one-connection rule helps."""
    return sqlite3.sqlite_version_info < FIXED_WAL_RESET
