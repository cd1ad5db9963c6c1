"""A small real record as `Made` makes it, from the bytes of one that was made before: a fifth of the time."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path

from collector.store.database import open_writer, raw
from tests.answers.made import Made


class Again(Made):
    """One more empty record."""

    def __init__(self, path: Path, now_ms: int) -> None:
        self.path = path
        self.now_ms = now_ms
        path.write_bytes(_empty())
        self._writer = open_writer(path, "normal")
        self.conn = raw(self._writer)


@cache
def _empty() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "c.db")
        Made(path, 0).close()
        return path.read_bytes()
