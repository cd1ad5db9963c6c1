"""Damaged files are set aside under another name beside the database, and never deleted.

The database gets its second name first, as a link: from then on everybody can see that it is to be set
aside, whenever this is cut short. Its log and the log's index follow, so that no log is ever without its
database; the first name goes last.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from collector.errors import DatabaseError
from collector.store.database import file_size, inode, open_reader, shm_path, sync, wal_path
from collector.store.recovery.names import link, named
from collector.store.retention.sizes import SET_ASIDE

_STAMP = re.compile(r"(\d{8}T\d{6})(?:-(\d+))?")
# What a log is called whose database is gone: nothing may take it for that of another.
_STRAY = "-stray"
# An empty file beside what was set aside, until a record tells of it.
_UNTOLD = "-untold"


def set_aside(path: Path, now_ms: int) -> Path:
    """Give the database at ``path`` and its companions another name; which. Raises OSError.

    Nobody may have it open. What was cut short before is completed under the name it has already.
    """
    name = half_set_aside(path) or _left_alone(path) or free_name(path, SET_ASIDE, now_ms)
    for step in steps(path, name):
        step()
    return name


def steps(path: Path, name: Path) -> Iterator[Callable[[], object]]:
    """What `set_aside` does, one after the other; each can be done again."""
    yield partial(_link, path, name)
    yield partial(_mark, name)
    yield partial(_move, wal_path(path), wal_path(name))
    yield partial(_move, shm_path(path), shm_path(name))
    yield partial(_remove, path, name)
    yield partial(sync, path.parent)


def untold(path: Path) -> list[Path]:
    """Those of which no file tells yet, since their recorder was killed; oldest first."""
    return [name for name in lying(path) if _marker(name).exists()]


def told(name: Path) -> None:
    """From now on a file tells of it."""
    _marker(name).unlink(missing_ok=True)


def _marker(name: Path) -> Path:
    return name.with_name(name.name + _UNTOLD)


def _mark(name: Path) -> None:
    _marker(name).touch(0o600)


def half_set_aside(path: Path) -> Path | None:
    """The other name of the database at ``path``, where setting it aside was cut short; else None.

    It must be completed before anybody opens the database: its log may be gone from it already.
    """
    own = inode(path)
    return next((other for other in lying(path) if own is not None and inode(other) == own), None)


def stray_log(path: Path, now_ms: int) -> Path | None:
    """Set aside a log without a database, so that it is not replayed into a new one; where it lies now."""
    if file_size(path) or not file_size(wal_path(path)):
        return None
    return _log_aside(path, now_ms)


def foreign_log(path: Path, now_ms: int) -> Path | None:
    """Set aside the log of another program's database that lies beside a record of ours; where it lies now.

    The file by itself is ours, and with the log it is not.
    """
    if not file_size(path) or not file_size(wal_path(path)):
        return None
    if _is_another_programs(path) and not _is_another_programs(path, immutable=True):
        return _log_aside(path, now_ms)
    return None


def _is_another_programs(path: Path, *, immutable: bool = False) -> bool:
    """With its log, or ``immutable`` without; damage or a lock tell nothing of whose it is."""
    try:
        open_reader(path, immutable=immutable).close()
    except DatabaseError as error:
        return error.__cause__ is None
    return False


def _log_aside(path: Path, now_ms: int) -> Path:
    name = stray_name(path, now_ms)
    wal_path(path).rename(name)
    shm_path(path).unlink(missing_ok=True)
    sync(path.parent)
    return name


def stray_name(path: Path, now_ms: int) -> Path:
    """A name for a log under which no database can take it for its own."""
    free = free_name(path, SET_ASIDE, now_ms)
    return free.with_name(free.name + _STRAY)


def lying(path: Path) -> list[Path]:
    """The databases that were set aside from ``path``, oldest first."""
    found = [(match, name) for name in _names(path) if (match := _STAMP.fullmatch(name))]
    ordered = sorted(found, key=lambda each: (each[0][1], int(each[0][2] or 1)))
    return [path.with_name(f"{path.name}{SET_ASIDE}{name}") for _, name in ordered]


def free_name(path: Path, mark: str, now_ms: int) -> Path:
    """A name of ``path``'s own, ``mark`` and the moment in UTC, that neither files nor companions bear."""
    stamp = datetime.fromtimestamp(now_ms // 1000, UTC).strftime("%Y%m%dT%H%M%S")
    taken = {name.name for name in path.parent.iterdir()}
    count, name = 1, f"{path.name}{mark}{stamp}"
    while taken & {name, name + "-wal", name + "-shm", name + _STRAY}:
        count += 1
        name = f"{path.name}{mark}{stamp}-{count}"
    return path.with_name(name)


def _names(path: Path) -> list[str]:
    """What stands behind the mark in the names of all that was set aside."""
    return [each.name.removeprefix(path.name + SET_ASIDE) for each in named(path, SET_ASIDE)]


def _left_alone(path: Path) -> Path | None:
    """The name under which a log lies without its database, while the database is without one.

    So it is after an interruption where a file cannot have two names.
    """
    if file_size(wal_path(path)):
        return None
    logs = sorted(name.removesuffix("-wal") for name in _names(path) if name.endswith("-wal"))
    names = [path.with_name(f"{path.name}{SET_ASIDE}{name}") for name in logs if _STAMP.fullmatch(name)]
    # Only one that is marked as begun: else its database was there, and somebody has deleted it.
    return next((name for name in reversed(names) if not name.exists() and _marker(name).exists()), None)


def _link(path: Path, name: Path) -> None:
    """A second name; on a file system without links (FAT) the last step renames instead."""
    if not name.exists():
        link(path, name)


def _move(old: Path, new: Path) -> None:
    with suppress(FileNotFoundError):
        old.rename(new)


def _remove(path: Path, name: Path) -> None:
    if inode(path) == inode(name):
        path.unlink()
    elif not name.exists():
        path.rename(name)
