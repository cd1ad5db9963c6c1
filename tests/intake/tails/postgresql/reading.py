"""Reads logs with the format, as the follower does."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import collector.intake.tails.formats  # noqa: F401  # announces them
from collector.intake.tails.base import FORMATS, Execution, Options, Parser

DESTINATIONS = ("stderr", "csvlog", "jsonlog")


def parser(**options: Any) -> Parser:
    """A new one."""
    return FORMATS["postgresql"].parser(Options(**options))


def read(log: bytes, **options: Any) -> list[Execution]:
    """All of a log at once; there is nothing in it that is not understood."""
    reading = parser(**options)
    found = [*reading.feed(log, 0), *reading.quiet()]
    assert reading.unread.lines == 0, reading.unread.example
    return found


def in_chunks(reading: Parser, chunks: Iterable[bytes], offset: int = 0) -> list[Execution]:
    """Chunk by chunk, then quiet."""
    found: list[Execution] = []
    for chunk in chunks:
        found += reading.feed(chunk, offset)
        offset += len(chunk)
    return found + reading.quiet()


def statements(found: Iterable[Execution]) -> list[str | None]:
    """Their texts, in order."""
    return [one.sql for one in found]


def same_anywhere(found: Iterable[Execution]) -> list[tuple[object, ...]]:
    """What the three destinations have in common; stderr knows no names under the default prefix."""
    return sorted(
        (one.timestamp, one.duration_ms, one.sql or "", str(one.columns), one.plan or "", _times(one))
        for one in found
    )


def _times(one: Execution) -> str:
    return str([(name, ms) for name, ms in (one.metadata or {}).items() if name.endswith("_ms")])
