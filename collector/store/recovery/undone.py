"""A restore that was killed had begun to give the old database another name: that is undone.

A database with two names is damaged by whoever writes through the second, and its log may stand beside one of
them only.
"""

from __future__ import annotations

from pathlib import Path

from collector.store.database import file_size, inode, journal_path, shm_path, wal_path
from collector.store.recovery.names import named
from collector.store.retention.sizes import REPLACED


def undo(path: Path) -> None:
    """Leave the database at ``path`` one name, with its log and its journal. Raises OSError.

    Nobody may have it open. Killed in between it can be done again.
    """
    others = named(path, REPLACED)
    for other in others:
        if inode(other) == inode(path) is not None:
            _bring_back(other, path)
    own = {inode(each) for each in (path, wal_path(path), shm_path(path), journal_path(path))} - {None}
    for other in others:
        if inode(other) in own:
            other.unlink()


def _bring_back(other: Path, path: Path) -> None:
    """What stands beside the second name, and is missing or empty beside the first."""
    for of in (wal_path, journal_path):
        if file_size(of(other)) and not file_size(of(path)):
            shm_path(path).unlink(missing_ok=True)  # of the empty log
            of(other).rename(of(path))
    shm_path(other).unlink(missing_ok=True)
