"""What may be restored, as far as it can be told without opening it as a database."""

from __future__ import annotations

import os
from pathlib import Path

from collector.config_file import is_folder, is_special
from collector.errors import DatabaseError, UsageError
from collector.store.backup.heads import is_sqlite
from collector.store.backup.part import ENDING, beside
from collector.store.database import file_size, inode

_MADE = "name what `collector db backup` made"
_AS_IT_WAS = f"the database is as it was; {_MADE}"


def source_of(given: str, database: Path) -> Path:
    """The file that a word of the command line means, without links.

    Raises UsageError for a word that names no backup, and DatabaseError for a file that is no database.
    """
    if not given:
        raise UsageError("FILE is an empty word", hint=_MADE)
    file = Path(os.path.realpath(given))
    _refuse_other(file)
    _refuse_ours(file, database)
    if not is_written(file):
        _refuse_no_database(file)
    return file


def is_written(file: Path) -> bool:
    """Whether somebody has it open to write, or did not close it."""
    return any(beside(file, ending).exists() for ending in ("-wal", "-journal"))


def _refuse_other(file: Path) -> None:
    """Raise UsageError for what is no file."""
    if is_folder(file):
        raise UsageError(f"{file} is a directory", hint="name a file in it that `collector db backup` made")
    if is_special(file):
        raise UsageError(f"{file} is a device or a pipe", hint=_MADE)
    try:
        file.stat()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise UsageError(f"there is no file {file}", hint=_MADE) from error
    except OSError as error:
        raise UsageError(f"{file}: {error.strerror or error}", hint=_MADE) from error


def _refuse_ours(file: Path, database: Path) -> None:
    if inode(file) == inode(database):
        raise UsageError(f"{file} is the database itself", hint="name a backup of it")
    if inode(file) == inode(beside(database, ENDING)):
        raise UsageError(f"{file} is what a killed restore left, to be overwritten", hint="name a backup")


def _refuse_no_database(file: Path) -> None:
    if not file_size(file):
        raise DatabaseError(f"{file} is empty: no backup is", hint=_AS_IT_WAS)
    try:
        is_database = is_sqlite(file)
    except OSError as error:
        raise DatabaseError(f"{file}: {error.strerror or error}", hint=_AS_IT_WAS) from error
    if not is_database:
        raise DatabaseError(
            f"{file} is no database: it does not begin as one of SQLite does", hint=_AS_IT_WAS
        )
