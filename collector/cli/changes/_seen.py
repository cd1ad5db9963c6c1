"""What ``collector changes`` shows: what is stored, after a look at what came in since then."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from collector import clock
from collector.answers import change_rows, looked_at
from collector.answers.looked_at import Standing
from collector.answers.subjects import of_news
from collector.answers.timed import Row
from collector.client.line import Line, Unreachable
from collector.errors import CollectorError, DatabaseError
from collector.store import found
from collector.store.database import open_writer, raw, told, transaction
from collector.store.lock import InstanceLock, holder
from collector.terminal import with_progress

if TYPE_CHECKING:
    from collector.answers.changes import Look
    from collector.answers.subjects import News
    from collector.orm import peewee
    from collector.settings import Settings

# While a recorder runs it looks by itself, as often as `[changes] every` says.
_PATIENCE_SECONDS = 0.1


@dataclass
class Seen:
    """Changes, newest first, and how the subjects stood; ``left`` were not looked at for want of time."""

    rows: list[Row]
    standings: list[Standing]
    left: int = 0

    def only(self, name: str) -> Seen:
        """What there is of one subject, or of all with a part of this name, such as a model."""
        from collector.answers.compare import is_named  # noqa: PLC0415  # loads much that nothing else needs

        rows = [row for row in self.rows if is_named(row["subject"], [name])]
        standings = [one for one in self.standings if is_named(one.name, [name])]
        return Seen(rows, standings, self.left)


def seen(settings: Settings, database: peewee.SqliteDatabase, since_ms: int) -> Seen:
    """All changes since then. What newer rows show is stored, unless a recorder is about to do so."""
    news = looked_at.unseen(database)
    look = _looked(settings, database, news) if news else None
    stored = change_rows.since(database, since_ms)
    standings = looked_at.standings(database, since_ms)
    if look is None:
        return Seen(stored, standings)
    return Seen(
        _with(stored, look, since_ms), _now(standings, looked_at.of_looked(look.looked)), len(look.left)
    )


def _looked(settings: Settings, database: peewee.SqliteDatabase, news: list[News]) -> Look:
    from collector.answers import changes  # noqa: PLC0415  # where nothing is new, nobody waits for it to load

    now_ms = clock.now().wall_ms
    subjects = [subject for one in news for subject in of_news(database, one)]
    is_recording = holder(settings.database) is not None
    is_over = _patience() if is_recording else lambda: False
    floor, through = settings.changes.floor_percent / 100, partial(with_progress, doing="looking for changes")
    look = changes.look(database, subjects, floor, now_ms, is_over, through)
    if not is_recording:
        _try_to_keep(settings, look, looked_at.ends(news, now_ms) | looked_at.seen(look.looked, now_ms))
    return look


def _patience() -> Callable[[], bool]:
    until = time.monotonic() + _PATIENCE_SECONDS
    return lambda: time.monotonic() > until


def _try_to_keep(settings: Settings, look: Look, positions: dict[str, found.Position]) -> None:
    """Best effort: what cannot be stored now is found again by the next look."""
    try:
        with _writing(settings) as conn:
            numbers = found.keep(look.rows, positions)(conn)
    except CollectorError:
        return
    for row, number in zip(look.rows, numbers, strict=True):
        row["id"] = number


@contextmanager
def _writing(settings: Settings) -> Iterator[Any]:
    """A connection that writes, in one transaction; raises CollectorError while somebody else does."""
    lock = InstanceLock(settings.database)
    lock.acquire("collector changes")
    try:
        database = open_writer(settings.database, settings.collector.durability)
        try:
            with told(settings.database), transaction(raw(database)):
                yield raw(database)
        finally:
            database.close()
    finally:
        lock.release()


def _with(stored: list[Row], look: Look, since_ms: int) -> list[Row]:
    """What is stored, as it is after the look; where it was stored just now, that changes nothing."""
    newer = {row["id"]: row for row in look.rows if "id" in row}
    rows = [newer.get(row["id"], row) for row in stored]
    known = {row["id"] for row in stored}
    rows += [row for row in look.rows if row.get("id") not in known and row["timestamp"] >= since_ms]
    return sorted(rows, key=lambda row: (-row["timestamp"], row.get("id") or 0))


def _now(stored: list[Standing], looked: list[Standing]) -> list[Standing]:
    newer = {(one.kind, one.metric, one.name): one for one in looked}
    older = [one for one in stored if (one.kind, one.metric, one.name) not in newer]
    return sorted((*older, *newer.values()), key=lambda one: (one.name, one.metric))


def accept(settings: Settings, number: int, note: str) -> str:
    """Make a change the new normal, by the recorder while one runs; returns why it cannot, or nothing."""
    first = holder(settings.database)
    if first is None or not first.socket:
        with _writing(settings) as conn:
            return found.accept(number, note, clock.now().wall_ms)(conn)
    try:
        with Line(Path(first.socket)) as line:
            answer = line.ask({"ask": "accept", "id": number, "note": note})
    except Unreachable as error:
        raise DatabaseError(
            f"the recorder does not answer: {error}", hint="look at it with `collector status`"
        ) from None
    return "" if answer.get("result") == "committed" else str(answer.get("reason", "the recorder refuses"))
