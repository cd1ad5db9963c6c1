"""The files that the path of a tail stands for: one, or all that it fits where it has a ``*``."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from stat import S_ISREG

MOST_FILES = 16


def is_pattern(path: Path) -> bool:
    """Whether a path stands for any number of files."""
    return any(mark in str(path) for mark in "*?[")


def files(path: Path) -> list[Path]:
    """All that there are, the one written last being the last."""
    anchor = Path(path.anchor)
    found = anchor.glob(str(path.relative_to(anchor))) if is_pattern(path) else iter((path,))
    dated = []
    for one in found:
        with suppress(OSError):  # gone meanwhile, or not for us
            stat = one.stat()
            if S_ISREG(stat.st_mode):
                dated.append((stat.st_mtime_ns, one))
    return [one for _, one in sorted(dated)]


def closed_folder(path: Path) -> str | None:
    """Why nothing is seen in the folder that a pattern begins with, when it cannot be looked into."""
    folder = next(one for one in path.parents if not is_pattern(one))
    try:
        os.scandir(folder).close()
    except OSError as error:
        return f"{folder}: {error.strerror or error}"
    return None
