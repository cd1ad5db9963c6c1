"""All logs that are followed, by one thread: reads what came, and has it stored with how far it was read.

The position goes in the batch of the rows that came from there, so nothing is stored twice and nothing is
left out, wherever the recorder is ended. When the queue is full, reading waits.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from collector import clock
from collector.clock import Instant
from collector.errors import CollectorError
from collector.intake.statements import Statements
from collector.intake.tails.follow import Portion
from collector.intake.tails.rotation import Known
from collector.intake.tails.tail import Tail
from collector.log import Folded, get_logger
from collector.records.tail_position import TailPosition
from collector.sections import TailSettings
from collector.store.buffer import Batch, Buffer, Outcome, size_of

log = get_logger("tails")

POLL_SECONDS = 1.0
ROOM_SECONDS = 0.05  # so often it is looked for room in the queue
MOST_IN_FLIGHT = 2
BATCH_RECORDS = 2_000
STOP_SECONDS = 2.0
# Over lines of no interest a position moves on without being stored; so much may be read again.
MOVED_BYTES = 1 << 20

Settings = tuple[TailSettings, ...]
# The positions as they are stored, by path.
ReadPositions = Callable[[], Mapping[str, Known]]


class Tails:
    """Follows what ``settings`` say; feeds ``buffer``. ``positions`` says where each file was left."""

    def __init__(
        self, settings: Settings, buffer: Buffer, statements: Statements, positions: ReadPositions
    ) -> None:
        self._buffer = buffer
        self._statements = statements
        self._positions = positions
        self._stopping = threading.Event()
        self._in_flight = threading.BoundedSemaphore(MOST_IN_FLIGHT)
        self._broken = Folded(log, "tails.broken", level="error")
        self._thread: threading.Thread | None = None
        self._wanted = settings
        self._tails: list[Tail] = []
        self._told: dict[Path, Known] = {}
        self.progress = time.monotonic()

    def start(self) -> None:
        """Begin, in a thread of its own, if there is anything to follow."""
        if self._wanted and self._thread is None:
            self._thread = threading.Thread(target=self._run, name="tails", daemon=True)
            self._thread.start()

    def apply(self, settings: Settings) -> None:
        """Follow these from now on; tails that stay the same are not touched."""
        self._wanted = settings
        self.start()

    def close(self) -> None:
        """Stop reading; what is read and not stored will be read again. Closing twice is fine."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(STOP_SECONDS)
            if self._thread.is_alive():  # it still reads: its files are left to the end of the process
                return
        for tail in self._tails:
            tail.close()

    def health(self) -> list[dict[str, Any]]:
        """How each goes, for `collector status`."""
        return [tail.health() for tail in self._tails]

    def step(self, now: Instant) -> bool:
        """Read all that came; True when there was something to store."""
        self.progress = now.monotonic
        self._reconcile()
        return sum(self._step(tail, now) for tail in self._tails) > 0

    def _step(self, tail: Tail, now: Instant) -> bool:
        """One of them; what breaks it does not stop the others."""
        worked = False
        try:
            for path, portion in tail.step(now.monotonic):
                for records in self._batches(tail, path, portion, now.wall_ms):
                    worked = True
                    if not self._store(records):
                        return worked  # it stops: what is not stored will be read again
                self.progress = time.monotonic()
        except Exception as error:  # noqa: BLE001  # the edge of one tail: said by its name, the others go on
            tail.failed(error)
        return worked

    def _run(self) -> None:
        while not self._stopping.is_set():
            now = clock.now()
            try:
                self.step(now)
            except CollectorError as error:  # the positions could not be read: they are asked for again
                self._broken.happened(now.monotonic, error=str(error))
            if not any(tail.has_more for tail in self._tails):
                self._stopping.wait(POLL_SECONDS)

    def _reconcile(self) -> None:
        """Begin and end tails so that they are the wanted ones."""
        wanted = self._wanted
        kept = [tail for tail in self._tails if tail.settings in wanted]
        for tail in self._tails:
            if tail not in kept:
                tail.close()
        have = {tail.settings for tail in kept}
        new = [settings for settings in wanted if settings not in have]
        if new and self._wait_settled():  # or what is on its way would be read and counted again
            known = self._positions()
            kept += [Tail(settings, self._statements, known) for settings in new]
        self._tails = kept

    def _wait_settled(self) -> bool:
        """Wait until all that was read is stored; False when it stops meanwhile."""
        taken = 0
        while taken < MOST_IN_FLIGHT and self._take_place():
            taken += 1
        for _ in range(taken):
            self._in_flight.release()
        return taken == MOST_IN_FLIGHT

    def _take_place(self) -> bool:
        """Wait for one of the places in flight; False when it stops meanwhile."""
        while not self._in_flight.acquire(timeout=ROOM_SECONDS):
            self.progress = time.monotonic()  # the writer may have to wait for its disk
            if self._stopping.is_set():
                return False
        return True

    def _batches(
        self, tail: Tail, path: Path, portion: Portion, now_ms: int
    ) -> Iterator[list[msgspec.Struct]]:
        """The records of a portion; the position goes with the last of them, or alone now and then."""
        records = tail.arriving.records(portion.executions, portion.head)
        while len(records) > BATCH_RECORDS:
            yield records[:BATCH_RECORDS]
            records = records[BATCH_RECORDS:]
        if records or self._has_moved(path, portion.known):
            self._told[path] = portion.known
            yield [*records, _position(tail.settings, path, portion.known, now_ms)]

    def _has_moved(self, path: Path, known: Known) -> bool:
        told = self._told.get(path)
        if told is None or told.inode != known.inode or not told.has_mark:
            return True
        return not 0 <= known.offset - told.offset < MOVED_BYTES

    def _store(self, records: list[msgspec.Struct]) -> bool:
        """Have them stored, when there is room; False when it stops."""
        if self._stopping.is_set() or not self._take_place():
            return False
        batch = Batch(records, sum(map(size_of, records)), self._settled)
        while not self._offer(batch):
            if self._stopping.wait(ROOM_SECONDS):
                self._in_flight.release()
                return False
            self.progress = time.monotonic()
        return True

    def _offer(self, batch: Batch) -> bool:
        try:
            return self._buffer.offer(time.monotonic(), batch)
        except CollectorError:  # closed: the recorder stops
            self._stopping.set()
            return False

    def _settled(self, _: Outcome) -> None:
        self._in_flight.release()


def _position(tail: TailSettings, path: Path, known: Known, now_ms: int) -> msgspec.Struct:
    return TailPosition.record(
        path=str(path),
        name=tail.source,
        format=tail.format,
        inode=known.inode,
        mark=known.mark,
        offset_bytes=known.offset,
        timestamp=now_ms,
    )
