"""How much room all files of a record take together."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from collector.store.database import file_size, wal_path

if TYPE_CHECKING:
    from pathlib import Path

    from collector.sqlite import sqlite3


# The write-ahead log may be so long, and of a small cap not more than a share: that is kept free for it.
LOG_BYTES = 8 << 20
LOG_SHARE = 0.2
# What lies beside may not leave less of the cap than this for the database: then no row goes for it.
LEAST_SHARE = 0.1
# A damaged database file is set aside under its own name, this, and something that tells it from others.
SET_ASIDE = ".corrupt-"
# So is one in whose place another was put, by `collector db restore` or while it was recorded into.
REPLACED = ".replaced-"


class Sizes(NamedTuple):
    """Bytes: of the database file as it lies there, of the write-ahead log, and of what lies beside.

    ``used`` and ``free`` are of the pages in use and of those that can be given back; some of them may be in
    the log alone. Beside lie files that were set aside, as damaged or for another in their place; copies of
    a user's are none of ours.
    """

    used: int
    free: int
    file: int
    wal: int
    aside: int

    @property
    def total(self) -> int:
        """What all files take."""
        return self.file + self.wal + self.aside


def taken_bytes(path: Path) -> int:
    """What all files of the database at ``path`` take as they lie there, without asking SQLite."""
    return file_size(path) + file_size(wal_path(path)) + aside(path)


def log_room(cap_bytes: float) -> int:
    """Bytes of the cap that are kept for the write-ahead log, which grows with what is deleted too."""
    return min(LOG_BYTES, int(LOG_SHARE * cap_bytes))


def aside(path: Path) -> int:
    """Bytes of the files beside a database that were set aside."""
    name = _escaped(path.name)
    return sum(
        file_size(other) for mark in (SET_ASIDE, REPLACED) for other in path.parent.glob(f"{name}{mark}*")
    )


def is_crowded(aside_bytes: int, cap_bytes: float) -> bool:
    """Whether what lies beside leaves too little of the cap: what is deleted for it would never suffice."""
    return aside_bytes + log_room(cap_bytes) + LEAST_SHARE * cap_bytes > cap_bytes


def _escaped(name: str) -> str:
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in name)


def pages(conn: sqlite3.Connection) -> tuple[int, int, int]:
    """All pages of the file, those of them that are free, and the bytes of one."""
    ((count,),) = conn.execute("PRAGMA page_count").fetchall()
    ((free,),) = conn.execute("PRAGMA freelist_count").fetchall()
    ((page_bytes,),) = conn.execute("PRAGMA page_size").fetchall()
    return int(count), int(free), int(page_bytes)


def sizes(conn: sqlite3.Connection, path: Path) -> Sizes:
    """As they are now; inside a transaction with what it has done so far."""
    count, free, page_bytes = pages(conn)
    used = (count - free) * page_bytes
    return Sizes(used, free * page_bytes, file_size(path), file_size(wal_path(path)), aside(path))
