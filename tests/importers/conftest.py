"""Reads files the way the command does."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import collector.importers  # noqa: F401  # announces every format
from collector.importers.base import IMPORTERS, Entry, Fault, Item, Options, Source

DATA = Path(__file__).parent / "data"
WRITTEN_MS = 1_800_000_000_000


def items(form: str, given: bytes | str | dict[str, Any] | Path, **options: Any) -> list[Item]:
    """All that comes of a file that was written at `WRITTEN_MS`."""
    if isinstance(given, Path):
        given = given.read_bytes()
    elif isinstance(given, dict):
        given = json.dumps(given)
    data = given.encode() if isinstance(given, str) else given
    source = Source("FILE", io.BytesIO(data), options.pop("written_ms", WRITTEN_MS))
    return list(IMPORTERS[form].read(source, Options(**options)))


def records(form: str, given: bytes | str | dict[str, Any] | Path, **options: Any) -> list[dict[str, Any]]:
    """The records of a file without faults."""
    found = items(form, given, **options)
    assert [item for item in found if isinstance(item, Fault)] == []
    return [item.record for item in found if isinstance(item, Entry)]


def faults(form: str, given: bytes | str | dict[str, Any] | Path) -> list[tuple[str, str]]:
    """The faults of a file."""
    return [tuple(item) for item in items(form, given) if isinstance(item, Fault)]
