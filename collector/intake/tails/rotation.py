"""Where the rest of a log went that was renamed, or copied and cut, while nobody looked."""

from __future__ import annotations

import os
import re
from contextlib import closing, suppress
from pathlib import Path
from stat import S_ISREG
from typing import NamedTuple

from collector.intake.tails.logfile import LogFile

PACKED = (".gz", ".xz", ".zst", ".bz2", ".lz4")


class Known(NamedTuple):
    """A file as it was when it was read last; ``offset`` is how far."""

    inode: int
    mark: str
    offset: int

    @property
    def has_mark(self) -> bool:
        """Whether there was anything in it by which it can be known."""
        return not self.mark.startswith("0-")


def rest_of(path: Path, known: Known) -> Path | None:
    """The older part of a log that holds what was not read of it yet; None when it cannot be found.

    Parts are found by their names, which begin with that of the log (``postgresql.log.1``,
    ``app.log-20261122``), and known by how they begin.
    """
    same = [one for one in _siblings(path) if _is(one, known)]
    if not same:
        return None
    return max(same, key=lambda one: (one.stat.st_ino == known.inode, one.stat.st_mtime_ns)).path


def next_part(path: Path, done: LogFile) -> Path | None:
    """The part that was written after ``done``; None when that is the log itself."""
    later = [
        one
        for one in _siblings(path)
        if one.stat.st_mtime_ns > done.written_ns and one.stat.st_ino != done.inode
    ]
    return min(later, key=lambda one: one.stat.st_mtime_ns).path if later else None


class _Sibling(NamedTuple):
    path: Path
    stat: os.stat_result


def _siblings(path: Path) -> list[_Sibling]:
    """Older parts of a log; packed ones cannot be read on."""
    found = []
    for one in path.parent.iterdir():
        if is_older_part(one.name, path):
            with suppress(OSError):  # gone meanwhile, or not for us
                stat = one.stat()
                if S_ISREG(stat.st_mode):
                    found.append(_Sibling(one, stat))
    return found


def is_older_part(name: str, path: Path) -> bool:
    """Whether a file of this name is an older part of the log at ``path``, by the ways of logrotate."""
    dated = rf"{re.escape(path.stem)}[-.][-0-9T_:]+{re.escape(path.suffix)}"
    numbered = rf"{re.escape(path.name)}[-.][-0-9A-Za-z_:]+"
    return bool(re.fullmatch(f"{dated}|{numbered}", name)) and not name.endswith(PACKED)


def _is(one: _Sibling, known: Known) -> bool:
    if one.stat.st_size < known.offset:
        return False
    with suppress(OSError), closing(LogFile(one.path)) as file:
        return file.begins_like(known.mark) and (known.has_mark or one.stat.st_ino == known.inode)
    return False
