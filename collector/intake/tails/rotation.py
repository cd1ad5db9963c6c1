"""Where the rest of a log went that was renamed, or copied and cut, while nobody looked."""

from __future__ import annotations

import os
import re
from contextlib import closing, suppress
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from stat import S_ISREG
from typing import NamedTuple

from collector.intake.tails.logfile import LogFile

PACKED = (".gz", ".xz", ".zst", ".bz2", ".lz4", ".lz", ".lzma", ".Z", ".zip", ".tar", ".tgz")


class Known(NamedTuple):
    """A file as it was when it was read last; ``offset`` is how far."""

    inode: int
    mark: str
    offset: int

    @property
    def has_mark(self) -> bool:
        """Whether there was anything in it by which it can be known."""
        return not self.mark.startswith("0-")


class _Part(NamedTuple):
    """An older part of a log; ``order`` grows with the time at which it was turned, as its name tells."""

    path: Path
    stat: os.stat_result
    order: tuple[int, ...] | None


def rest_of(path: Path, known: Known, *, by_inode: bool = False) -> Path | None:
    """The older part of a log that holds what was not read of it yet; None when it cannot be found.

    Parts are found by their names, which begin with that of the log (``postgresql.log.1``,
    ``app.log-20261122``), and known by how they begin; ``by_inode``: only the very file, under its new name.
    """
    same = [one for one in _parts(path) if _is(one, known)]
    if by_inode:
        same = [one for one in same if one.stat.st_ino == known.inode]
    if not same:
        return None
    return max(same, key=lambda one: (one.stat.st_ino == known.inode, one.stat.st_mtime_ns)).path


def next_part(path: Path, done: LogFile) -> Path | None:
    """The part that was turned after ``done``; None when that is the log itself.

    Their numbers or dates tell the order; where ``done`` has none, or is gone, when they were written.
    """
    parts = _in_order(_parts(path))
    order = next((one.order for one in parts if one.stat.st_ino == done.inode), None)
    others = [one for one in parts if one.stat.st_ino != done.inode]
    if order is not None:
        ordered = [(one.order, one.path) for one in others if one.order and one.order > order]
        return min(ordered)[1] if ordered else None
    written = [(one.stat.st_mtime_ns, one.path) for one in others if one.stat.st_mtime_ns > done.written_ns]
    return min(written)[1] if written else None


def _in_order(parts: list[_Part]) -> list[_Part]:
    """Numbers count up or down: logrotate's newest part is 1, log4j's has the highest number.

    When they were written tells which, and where that says nothing it is as with logrotate.
    """
    numbered = sorted((one.order, one.stat.st_mtime_ns) for one in parts if one.order and one.order[0] == 0)
    steps = [later > earlier for (_, earlier), (_, later) in pairwise(numbered) if later != earlier]
    if sum(steps) * 2 > len(steps):
        return parts
    return [
        one._replace(order=(0, -one.order[1])) if one.order and one.order[0] == 0 else one for one in parts
    ]


def has_packed_since(path: Path, done: LogFile) -> bool:
    """Whether a part was turned after ``done`` that nobody can read on, since it is packed."""
    written_ns = done.written_ns
    for one in path.parent.iterdir():
        if one.name.endswith(PACKED) and is_older_part(one.name.removesuffix(one.suffix), path):
            with suppress(OSError):
                if one.stat().st_mtime_ns > written_ns:
                    return True
    return False


def is_older_part(name: str, path: Path) -> bool:
    """Whether a file of this name is an older part of the log at ``path``, by the ways of logrotate."""
    return bool(_pattern(path).fullmatch(name)) and not name.endswith(PACKED)


@lru_cache(maxsize=64)
def _pattern(path: Path) -> re.Pattern[str]:
    dated = rf"{re.escape(path.stem)}[-.](?P<date>\d[-0-9T_:]*){re.escape(path.suffix)}"
    numbered = (
        rf"{re.escape(path.name)}[-.](?:(?P<number>\d{{1,4}})|(?P<stamp>\d[-0-9T_:]{{4,}})|old|bak|prev)"
    )
    return re.compile(f"{dated}|{numbered}")


def _order(name: str, path: Path) -> tuple[int, ...] | None:
    found = _pattern(path).fullmatch(name)
    if found is None:
        return None
    if number := found["number"]:
        return (0, int(number))
    stamp = found["date"] or found["stamp"]
    return (1, *map(int, re.findall(r"\d+", stamp))) if stamp else None


def _parts(path: Path) -> list[_Part]:
    found = []
    for one in path.parent.iterdir():
        if is_older_part(one.name, path):
            with suppress(OSError):  # gone meanwhile, or not for us
                stat = one.stat()
                if S_ISREG(stat.st_mode):
                    found.append(_Part(one, stat, _order(one.name, path)))
    return found


def _is(one: _Part, known: Known) -> bool:
    if one.stat.st_size < known.offset:
        return False
    with suppress(OSError), closing(LogFile(one.path)) as file:
        return file.begins_like(known.mark) and (known.has_mark or one.stat.st_ino == known.inode)
    return False
