"""Keeps summaries and the query cache fresh: what the scheduler calls, and what answers tell of."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

import msgspec

from collector import clock
from collector.errors import CollectorError
from collector.lean import give_back
from collector.log import get_logger
from collector.orm import select
from collector.store import cache, summaries
from collector.store.cache import Entry, Step
from collector.store.database import open_reader, told

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from collector.settings import Settings
    from collector.store.writer import Writer

log = get_logger("summaries")

# So often it is looked whether a stretch of a table has become full: what was reported in a burst is then
# summed up at once.
DIGEST_SECONDS = 30.0
STEP_SECONDS = 30.0
# Records between two looks: the machine's own samples make some hundred.
FEW = 1_000
BURST = 20_000


class Refresher:
    """``settings`` are those in force now; ``received`` tells how many records came in so far."""

    def __init__(self, writer: Writer, settings: Settings, received: Callable[[], int]) -> None:
        self.settings = settings
        self._received = received
        self._received_then = 0
        self._writer = writer
        self._stopping = threading.Event()

    def stop(self) -> None:
        """Have a refresh that goes on end at its next step."""
        self._stopping.set()

    def digests(self) -> None:
        """Sum up what has become full since the last time, and give back what a burst has left behind."""
        received = self._received()
        news, self._received_then = received - self._received_then, received
        if news > FEW:  # else no stretch can have become full that the refresh would not find in time
            self._over_a_reader("digests")
        if news > BURST:
            give_back()

    def everything(self) -> None:
        """The summaries of queries and users, and the digests."""
        self._over_a_reader("everything")

    def clean(self) -> None:
        """Take expired answers out of the query cache, a bounded number a step."""
        while not self._stopping.is_set():
            if self._ask("cache.clean", cache.clean(clock.now().wall_ms)) < cache.MOST_CLEANED:
                return

    def remember(self, words: dict[str, Any]) -> dict[str, Any]:
        """What a command tells of its answer: entries to keep, hits to count."""
        try:
            entries = msgspec.convert(words.get("entries", []), list[Entry])
            hits = msgspec.convert(words.get("hits", []), list[str])
        except msgspec.ValidationError as error:
            return {"result": "rejected", "reason": str(error)}
        self._writer.ask("cache.remember", cache.remember(entries, hits, clock.now().wall_ms))
        return {"result": "committed"}

    def known_statements(self) -> list[str]:
        """Fingerprints whose texts are stored already, as far as new ones are taken at all."""
        database = open_reader(self.settings.database)
        try:
            return [
                query_hash for (query_hash,) in select(database, "SELECT query_hash FROM queries LIMIT 10000")
            ]
        finally:
            database.close()

    def _over_a_reader(self, what: str) -> None:
        began = time.perf_counter()
        try:
            done = self._done(what)
        except CollectorError as error:
            log.warning("summaries.failed", error=str(error))
        else:
            if any(done.values()):
                log.debug("summaries.refreshed", **done, ms=round((time.perf_counter() - began) * 1000, 1))

    def _done(self, what: str) -> dict[str, int]:
        path, now_ms, stop = self.settings.database, clock.now().wall_ms, self._stopping.is_set
        database = open_reader(path)
        # The page cache is given back with the connection; while it is open it should stay small.
        database.pragma("cache_size", -1024)
        try:
            with told(path):
                if what == "digests":
                    return {"digests": summaries.digest_all(database, self._ask, stop, now_ms)}
                slow = summaries.Slow(dict(_thresholds(self.settings)))
                tasks = self.settings.summaries.taskboard
                return summaries.refresh(database, self._ask, stop, now_ms=now_ms, slow=slow, tasks=tasks)
        finally:
            database.close()

    def _ask(self, name: str, step: Step) -> Any:
        return self._writer.ask(name, step).wait(STEP_SECONDS)


def _thresholds(settings: Settings) -> Iterator[tuple[str, float]]:
    slow = settings.slow
    for name, seconds in (
        ("query", slow.query),
        ("api", slow.api),
        ("frontend", slow.frontend),
        ("cache", slow.cache),
    ):
        yield name, seconds * 1000
