"""``~`` at the beginning of a path."""

from __future__ import annotations

from pathlib import Path


def home_expanded(path: Path) -> Path:
    """``path`` with ``~`` at its beginning replaced; left alone where there is no such user."""
    try:
        return path.expanduser()
    except RuntimeError:
        return path
