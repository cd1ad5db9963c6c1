"""Another user of the machine, and what they may do to a file."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

SOMEBODY = 65534
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")


def program(path: Path, text: str = "") -> Path:
    """A script that only its owner can change."""
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    path.chmod(0o755)
    return path


def opened_to_all(path: Path) -> str:
    """Let everybody write it; what is said of it then."""
    path.chmod(path.stat().st_mode | 0o022)
    return f"{path}: everybody can write it; run `chmod o-w {path}`"


def given_away(path: Path) -> str:
    """Give it to somebody else; what is said of it then."""
    os.chown(path, SOMEBODY, -1, follow_symlinks=False)
    return f"{path}: belongs to nobody; it must belong to you or root"
