"""Files of this user alone: made so, and made so again where they were opened to others."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from collector.errors import DatabaseError

PRIVATE = 0o600
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def make(path: Path) -> None:
    """Make a file where there is none; SQLite gives a database's companions its mode. Raises OSError."""
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, PRIVATE))


def keep(files: Iterable[Path]) -> None:
    """Close to others those that are there, and open to them. Never opened: that would drop SQLite's locks.

    Raises DatabaseError for one of another user, who could read and change all that is written to it, and
    OSError.
    """
    for path in files:
        with suppress(FileNotFoundError):
            info = path.stat()
            if info.st_uid != os.geteuid():
                raise DatabaseError(
                    f"{path} belongs to another user (uid {info.st_uid}), who could read all that is written",
                    hint=f"`chown {os.geteuid()}` it, or name another file as `database` under [collector]",
                )
            if info.st_mode & _OTHERS:
                path.chmod(PRIVATE)
