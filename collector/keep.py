"""Tells the writer what an answer took from the query cache, and what it made that is worth keeping.

Best effort: an answer that was given already must not fail for it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from collector import clock
from collector.client.line import Line, Unreachable
from collector.errors import CollectorError
from collector.store import cache
from collector.store.database import open_writer, raw, told, transaction
from collector.store.lock import InstanceLock, holder

if TYPE_CHECKING:
    from collector.answers.cached import Noted
    from collector.settings import Settings


def keep(settings: Settings, noted: Noted) -> bool:
    """Have it kept, by the daemon while one runs; False when not all of it could be kept now."""
    if not noted:
        return True
    try:
        first = holder(settings.database)
        if first is not None and first.socket:
            return _tell(Path(first.socket), noted)
        _write(settings, noted)
    except (CollectorError, Unreachable):
        return False
    return True


def _tell(socket: Path, noted: Noted) -> bool:
    lines = [*_lines(noted)]
    with Line(socket, timeout=2.0) as line:
        answers = [line.ask(words) for words in lines if words is not None]
    return None not in lines and all(answer.get("result") == "committed" for answer in answers)


def _lines(noted: Noted) -> Iterator[dict[str, Any] | None]:
    """A line an entry: together they may be longer than a line can be. None for one that is so alone."""
    for start in range(0, len(noted.hits), cache.MOST_TOLD):
        yield {"ask": "cache", "hits": noted.hits[start : start + cache.MOST_TOLD], "entries": []}
    if noted.made:
        from collector.intake.protocol import LONGEST_LINE  # noqa: PLC0415  # most answers make nothing, and it is dear to load

        for entry in noted.made:
            words = {"ask": "cache", "hits": [], "entries": [msgspec.to_builtins(entry)]}
            yield words if len(json.dumps(words)) < LONGEST_LINE else None


def _write(settings: Settings, noted: Noted) -> None:
    lock = InstanceLock(settings.database)
    lock.acquire("a collector command")
    try:
        database = open_writer(
            settings.database, "normal"
        )  # a cache need not survive a power cut  # a cache may be lost in a power cut
        try:
            with told(settings.database), transaction(raw(database)):
                cache.remember(noted.made, noted.hits, clock.now().wall_ms)(raw(database))
        finally:
            database.close()
    finally:
        lock.release()
