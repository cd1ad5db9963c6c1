"""Names of files beside the database: found, given as a second one, and never taken from another file."""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from pathlib import Path

from collector.store.database import inode

# What a file system without second names says, as FAT does. Any other refusal, such as a full disk, is one.
_NO_LINKS = (errno.EPERM, errno.ENOTSUP, errno.ENOSYS)


def named(path: Path, mark: str) -> list[Path]:
    """The files whose names are ``path``'s, ``mark`` and whatever; none where the folder is gone."""
    with suppress(FileNotFoundError):
        return [each for each in path.parent.iterdir() if each.name.startswith(path.name + mark)]
    return []


def link(path: Path, name: Path) -> bool:
    """Give a file a second name; False where the file system has no such thing.

    Raises FileExistsError where a file has that name, and OSError.
    """
    try:
        name.hardlink_to(path)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        return False
    return True


def move(path: Path, name: Path) -> None:
    """Give a file another name, and not over a file, as a rename would. Raises FileExistsError and OSError.

    Killed in between it has both. Without links a file that comes in that very instant is lost.
    """
    if link(path, name):
        path.unlink()
    elif inode(name) is not None:
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(name))
    else:
        path.rename(name)
