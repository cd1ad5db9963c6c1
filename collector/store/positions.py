"""How far each followed log was read, as it is stored."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from collector.orm import select
from collector.store.database import open_reader


class Place(NamedTuple):
    """One file as it was when it was read last."""

    inode: int
    mark: str
    offset_bytes: int


def places(database: Path) -> dict[str, Place]:
    """By the path of each log."""
    reader = open_reader(database)
    try:
        rows = select(reader, "SELECT path, inode, mark, offset_bytes FROM tail_positions")
    finally:
        reader.close()
    return {path: Place(*place) for path, *place in rows}
