"""Keeps summaries and the query cache fresh: what the scheduler calls, and what answers tell of."""

from __future__ import annotations

import threading
import time
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec

from collector import clock
from collector.errors import CollectorError, DatabaseError
from collector.intake.changes import MOST_WAITING, Reply, Words, busy
from collector.lean import give_back
from collector.log import get_logger
from collector.orm import select
from collector.records.base import KINDS
from collector.store import cache, summaries
from collector.store.cache import Entry, Step
from collector.store.database import open_reader, told
from collector.store.failures import classify

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
LONGEST_KEY = 255
MOST_BYTES = 1 << 20


class Refresher:
    """``settings`` are those in force now; ``received`` tells how many records came in so far."""

    def __init__(self, writer: Writer, settings: Settings, received: Callable[[], int]) -> None:
        self.settings = settings
        self._received = received
        self._received_then = 0
        self._writer = writer
        self._stopping = threading.Event()
        self._room = threading.BoundedSemaphore(MOST_WAITING)

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

    def remember(self, words: Words, reply: Reply) -> None:
        """The socket's task ``cache``: what a command tells of its answer, entries to keep, hits to count.

        Called in the server's thread; replies after the commit, from the writer's.
        """
        try:
            step = cache.remember(*_told(words), clock.now().wall_ms)
        except (ValueError, msgspec.ValidationError) as error:
            reply({"result": "rejected", "reason": str(error)})
            return
        if self._room.acquire(blocking=False):
            self._writer.ask("cache.remember", step, then=partial(self._settle, reply))
        else:
            reply(busy(f"{MOST_WAITING} wait already"))

    def _settle(self, reply: Reply, _: Any, error: BaseException | None) -> None:
        self._room.release()
        if error is None:
            reply({"result": "committed"})
        elif isinstance(error, DatabaseError):
            reply({"result": "rejected", "reason": str(error)})
        else:  # the writer has stopped
            reply(busy(str(error)))

    def known_statements(self) -> list[str]:
        """Fingerprints whose texts are stored already, as far as new ones are taken at all.

        None where the file cannot be read, as on a disk that was full before it was made: then each text
        is offered once more.
        """
        path = self.settings.database
        try:
            with told(path), open_reader(path) as database:
                found = select(database, "SELECT query_hash FROM queries LIMIT 10000")
        except CollectorError as error:
            log.warning("statements.not_read", error=str(error))
            return []
        return [query_hash for (query_hash,) in found]

    def _over_a_reader(self, what: str) -> None:
        began = time.perf_counter()
        try:
            done = self._done(what)
        except CollectorError as error:
            log.warning("summaries.failed", error=str(error))
            if classify(error) == "corrupt":
                self._writer.suspect()
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
                    return summaries.digest_all(database, self._ask, stop, now_ms)
                slow = summaries.Slow(dict(_thresholds(self.settings)))
                tasks = self.settings.summaries.taskboard
                return summaries.refresh(database, self._ask, stop, now_ms=now_ms, slow=slow, tasks=tasks)
        finally:
            database.close()

    def _ask(self, name: str, step: Step) -> Any:
        return self._writer.ask(name, step).wait(STEP_SECONDS)


def _told(words: Words) -> tuple[list[Entry], list[str]]:
    """The entries and hits of a line; raises ValueError or ValidationError with what is wrong with them."""
    entries = msgspec.convert(words.get("entries", []), list[Entry])
    hits = msgspec.convert(words.get("hits", []), list[str])
    if max(len(entries), len(hits)) > cache.MOST_TOLD:
        raise ValueError(f"more than {cache.MOST_TOLD:,} entries or hits on one line")
    texts = [*hits, *(text for entry in entries for text in (entry.key, entry.question, entry.data))]
    "".join(texts).encode()  # raises UnicodeEncodeError, a ValueError, for half a surrogate pair
    for entry in entries:
        if fault := next(_faults(entry), ""):
            raise ValueError(fault)
    return entries, hits


def _faults(entry: Entry) -> Iterator[str]:
    """What keeps an entry from being kept: all who answer believe what is kept."""
    if not entry.key.startswith("summary ") or len(entry.key) > LONGEST_KEY:
        yield f'a key begins with "summary " and has at most {LONGEST_KEY} characters'
    if not {*entry.tags} <= {kind.table for kind in KINDS.values()}:
        yield "tags are tables of record kinds"
    if not 0 <= entry.made_ms <= cache.KEEP_MS:  # nor is NaN
        yield "made_ms is a finite number of milliseconds, 0 or more, and of no more than 90 days"
    if len(entry.data.encode()) > MOST_BYTES:
        yield f"data is longer than {MOST_BYTES:,} bytes"
    try:
        msgspec.json.decode(entry.data)
    except (msgspec.DecodeError, RecursionError) as error:
        yield f"data is no JSON: {error}"


def _thresholds(settings: Settings) -> Iterator[tuple[str, float]]:
    slow = settings.slow
    for name, seconds in (
        ("query", slow.query),
        ("api", slow.api),
        ("frontend", slow.frontend),
        ("cache", slow.cache),
    ):
        yield name, seconds * 1000
