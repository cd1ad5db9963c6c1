"""How far each followed log was read, as it is stored."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from collector.orm import select
from collector.store.database import open_reader, told


class Place(NamedTuple):
    """One file as it was when it was read last."""

    inode: int
    mark: str
    offset_bytes: int


def places(database: Path) -> dict[str, Place]:
    """By the path of each log. Raises DatabaseError, also where the file is not made to its end yet."""
    with told(database), open_reader(database) as reader:
        rows = select(reader, "SELECT path, inode, mark, offset_bytes FROM tail_positions")
    return {path: Place(*place) for path, *place in rows}
