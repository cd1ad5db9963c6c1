"""The first 100 bytes of a database, which are the same in all files of ours but for some figures.

Format: https://www.sqlite.org/fileformat2.html#the_database_header
"""

from __future__ import annotations

import struct

from collector.store.recovery.frames import PAGE

MAGIC = b"SQLite format 3\0"
SIZE = 100
_VERSION = 3_007_000
# What is the same in all headers of ours: up to the fractions, the schema's format, the encoding.
_ALIKE = (slice(0, 24), slice(44, 48), slice(56, 60))


def is_sound(page: bytes) -> bool:
    """Whether a first page begins as those of ours do."""
    wanted = sound(0)
    return all(page[part] == wanted[part] for part in _ALIKE)


def told_pages(page: bytes) -> int:
    """How many pages a first page says that there are; 0 where it cannot be believed."""
    return int.from_bytes(page[28:32], "big") if is_sound(page) else 0


def sound(pages: int) -> bytes:
    """The header of a database in WAL mode, of UTF-8, with so many pages."""
    head = MAGIC + struct.pack(">HBBBBBB", PAGE, 2, 2, 0, 64, 32, 32)
    # Counter of changes, pages, no free ones, cookie and format of the schema, cache, vacuum, encoding.
    head += struct.pack(">12I", 1, pages, 0, 0, 1, 4, 0, 0, 1, 0, 0, 0)
    return head + bytes(20) + struct.pack(">II", 1, _VERSION)
