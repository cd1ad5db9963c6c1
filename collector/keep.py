"""Tells the writer what an answer took from the query cache, and what it made that is worth keeping.

Best effort: an answer that was given already must not fail for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from collector import clock
from collector.client import Line, Unreachable
from collector.errors import CollectorError
from collector.intake.protocol import LONGEST_LINE
from collector.store import cache
from collector.store.buffer import Buffer
from collector.store.database import open_writer, raw
from collector.store.lock import InstanceLock, holder
from collector.store.writer import Writer

if TYPE_CHECKING:
    from collector.answers.cached import Noted
    from collector.settings import Settings


def keep(settings: Settings, noted: Noted) -> bool:
    """Have it kept, by the daemon while one runs; False when that could not be done now."""
    if not noted:
        return True
    try:
        first = holder(settings.database)
        if first is not None and first.socket:
            _tell(Path(first.socket), noted)
        else:
            _write(settings, noted)
    except (CollectorError, Unreachable):
        return False
    return True


def _tell(socket: Path, noted: Noted) -> None:
    with Line(socket, timeout=2.0) as line:
        for words in _lines(noted):
            line.ask(words)


def _lines(noted: Noted) -> Iterator[dict[str, Any]]:
    """A line an entry: together they may be longer than a line can be."""
    yield {"ask": "cache", "hits": noted.hits, "entries": []}
    for entry in noted.made:
        if len(entry.data) < LONGEST_LINE // 2:
            yield {"ask": "cache", "hits": [], "entries": [msgspec.to_builtins(entry)]}


def _write(settings: Settings, noted: Noted) -> None:
    lock = InstanceLock(settings.database)
    lock.acquire("a collector command")
    try:
        database = open_writer(settings.database, settings.collector.durability)
        writer = Writer(raw(database), Buffer())
        now = clock.now()
        asked = writer.ask("cache.remember", cache.remember(noted.made, noted.hits, now.wall_ms))
        writer.step(now)
        writer.close(0)
        database.close()
        asked.wait(0)
    finally:
        lock.release()
