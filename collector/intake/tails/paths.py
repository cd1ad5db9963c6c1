"""The files that the path of a tail stands for: one, or all that it fits where it has a ``*``."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

MOST_FILES = 16


def is_pattern(path: Path) -> bool:
    """Whether a path stands for any number of files."""
    return any(mark in str(path) for mark in "*?[")


def files(path: Path) -> list[Path]:
    """Those that there are, the 16 written last, newest last."""
    anchor = Path(path.anchor)
    found = anchor.glob(str(path.relative_to(anchor))) if is_pattern(path) else iter((path,))
    dated = []
    for one in found:
        with suppress(OSError):  # gone meanwhile, or not for us
            if one.is_file():
                dated.append((one.stat().st_mtime_ns, one))
    return [one for _, one in sorted(dated)[-MOST_FILES:]]
