"""Where a backup may be put: never in place of what the recorder needs, nor of what is no backup."""

from __future__ import annotations

import os
from pathlib import Path

from collector.config_file import is_folder, is_special
from collector.errors import UsageError
from collector.settings import Settings
from collector.store.backup.heads import is_record
from collector.store.backup.part import COMPANIONS, ENDING, beside, told_place
from collector.store.database import inode
from collector.store.lock import lock_path
from collector.store.recovery.spared import SPARED
from collector.store.retention.sizes import REPLACED, SET_ASIDE
from collector.store.room import ballast_path

_ANOTHER = "name another file"
# What `recovery.rescue` makes of a database that lost its name, and deletes or takes for its own.
_PART, _RESCUED = ".part", ".rescued"


def target_of(given: str) -> Path:
    """The file that a word of the command line means; what a link leads to, not the link.

    Raises UsageError for a word that names no file.
    """
    if not given:
        raise UsageError("FILE is an empty word", hint="name a file")
    if given == "-":
        raise UsageError("a backup cannot be written to the standard output", hint="name a file")
    target = Path(os.path.realpath(given))
    last = given.rpartition("/")[2]
    if last in ("", ".", "..") and not is_folder(target):
        raise UsageError(f"{given} means a directory, and there is none", hint="name a file")
    return target


def refuse(target: Path, settings: Settings, *, force: bool) -> None:
    """Raise UsageError for a place that no copy can take without harm, and for one that is taken.

    With ``force`` a file that is there may be replaced, but by its first bytes it must be a record.
    """
    if whose := _need(target, settings):
        raise UsageError(f"{target} is {whose}", hint=_ANOTHER)
    if is_folder(target):
        raise UsageError(f"{target} is a directory", hint="name a file in it")
    if is_special(target):
        raise UsageError(f"{target} is a device or a pipe", hint="name a file")
    if any(inode(beside(target, ending)) for ending in COMPANIONS):
        # A log that stays beside another file than its own is replayed into that.
        raise UsageError(f"{target} is a database in use: its log stands beside it", hint=_ANOTHER)
    if inode(target):
        _refuse_taken(target, force=force)


def _refuse_taken(target: Path, *, force: bool) -> None:
    with told_place(target):
        is_backup = is_record(target)
    if not is_backup:
        raise UsageError(f"{target} is no backup of a record", hint=_ANOTHER)
    if not force:
        raise UsageError(f"{target} is there already", hint="replace it with --force")


def _need(target: Path, settings: Settings) -> str:
    """What the recorder needs it for; empty when it does not."""
    if settings.path and (target == _real(settings.path) or _is_same(target, settings.path)):
        return "the config in use"
    if target == _real(settings.socket):
        return "the recorder's socket"
    if _is_same(target, settings.database):
        return "the database itself, or a part of it"
    return _kept(target, settings.database)


def _kept(target: Path, database: Path) -> str:
    """What a file beside the database is, by its name."""
    if target.parent != database.parent:
        return ""
    if target in (database, *_companions(database)):
        return "the database itself, or a part of it"
    if any(target.name.startswith(database.name + mark) for mark in (SET_ASIDE, REPLACED)):
        return "what was set aside in place of the database"
    making = [beside(database, ending) for ending in (ENDING, _PART)]
    own = [lock_path(database), ballast_path(database), *making, *(c for m in making for c in _companions(m))]
    marks = (_RESCUED, *(ending + SPARED for ending in COMPANIONS))
    is_own = target in own or any(target.name.startswith(database.name + mark) for mark in marks)
    return "a file that the recorder keeps for itself" if is_own else ""


def _companions(path: Path) -> list[Path]:
    return [beside(path, ending) for ending in COMPANIONS]


def _is_same(target: Path, other: Path) -> bool:
    """Whether both are names of one file that is there."""
    return inode(target) is not None and inode(target) == inode(other)


def _real(path: Path) -> Path:
    return Path(os.path.realpath(path))
