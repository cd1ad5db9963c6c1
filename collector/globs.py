"""Whether a glob such as ``/var/log/app*.log`` stands for a path, without a look at the disk."""

from __future__ import annotations

from fnmatch import fnmatchcase
from pathlib import Path


def overlap(one: Path, other: Path) -> bool:
    """Whether one of two paths, each a glob or not, is among those that the other stands for.

    A glob fits another's text only where some name fits both: with each ``*`` read as that character.
    """
    return _fits(one.parts, other.parts) or _fits(other.parts, one.parts)


def _fits(parts: tuple[str, ...], globs: tuple[str, ...]) -> bool:
    """As `pathlib.Path.glob` has it: ``*`` stays between two /, and ``**`` is any number of folders."""
    if not globs:
        return not parts
    if globs[0] == "**":
        return _fits(parts, globs[1:]) or (bool(parts) and _fits(parts[1:], globs))
    return bool(parts) and fnmatchcase(parts[0], globs[0]) and _fits(parts[1:], globs[1:])
