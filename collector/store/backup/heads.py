"""What a file says of itself in its first bytes: SQLite says the same of a letter and of a damaged database.

Only for files that this process does not have open as databases: closing one drops SQLite's locks on it.
Source: sqlite.org/fileformat.html, section 1.3.
"""

from __future__ import annotations

from pathlib import Path

from collector.store.database import APPLICATION_ID

_MAGIC = b"SQLite format 3\0"
_MARK = slice(68, 72)


def is_sqlite(path: Path) -> bool:
    """Whether it begins as a SQLite database does; raises OSError."""
    return _head(path).startswith(_MAGIC)


def is_record(path: Path) -> bool:
    """Whether it is a database of ours, be it damaged further on; raises OSError.

    Of one whose log was not brought into it this may not be told.
    """
    head = _head(path)
    return head.startswith(_MAGIC) and head[_MARK] == APPLICATION_ID.to_bytes(4, "big")


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_MARK.stop)
