"""How much room all files of a record take together."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from collector.store.database import file_size, wal_path

if TYPE_CHECKING:
    from pathlib import Path

    from collector.sqlite import sqlite3


class Sizes(NamedTuple):
    """Bytes: of the pages in use, of those that are free, of the write-ahead log, and of what lies beside.

    Beside lie files that were set aside as damaged, and copies: whatever is called as the database and
    goes on with a dot.
    """

    used: int
    free: int
    wal: int
    aside: int

    @property
    def needed(self) -> int:
        """All but the free pages, which can be given back."""
        return self.used + self.wal + self.aside

    @property
    def total(self) -> int:
        """What the files take."""
        return self.needed + self.free


def aside(path: Path) -> int:
    """Bytes of the files beside a database that belong to it; the lock of whoever has it open is nothing."""
    beside = path.parent.glob(_escaped(path.name) + ".*")
    return sum(file_size(other) for other in beside if other.suffix != ".lock")


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
    return Sizes(used, free * page_bytes, file_size(wal_path(path)), aside(path))
