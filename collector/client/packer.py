"""Takes records from the queue and makes lines of them, none too long and none with too many."""

from __future__ import annotations

import os
import time
from collections import deque

from collector.client.counts import Counts, Raw
from collector.client.queue import Queue
from collector.client.wire import FRAME, LONGEST_LINE, Line, NotUsable, encoded

# After a chunk, 0.6 ms of work, the interpreter is the application's for a moment: else a thread of it
# that wants to run would wait up to 5 ms until ours is interrupted. With smaller chunks an application
# that never waits for anything left us too little time: 50 a turn were 10,000 records/s.
_CHUNK = 150
_PAUSE_SECONDS = 0.000_05


class Packer:
    """The sender's next line; a record is either in the queue, in here, or in a line."""

    def __init__(self, queue: Queue, counts: Counts, batch: int) -> None:
        self._queue = queue
        self._counts = counts
        self._batch = batch
        self._prefix = os.urandom(8).hex()
        self._number = 0
        self._raw: deque[Raw] = deque()
        self._parts: list[bytes] = []
        self._bytes = FRAME
        self._first: int | None = None
        self._encoding = False

    @property
    def first(self) -> int | None:
        """The place of the oldest record in here; None when there is none."""
        return self._first

    def line(self) -> Line | None:
        """A line as full as the queue allows; None when there is nothing to send."""
        while len(self._parts) < self._batch:
            if not self._raw and not self._take():
                break
            if not self._add():
                return self._cut()
        return self._cut() if self._parts else None

    def refuse_at_hand(self, reason: str) -> bool:
        """Set aside the record whose own code just failed in a way that nobody foresaw, if one did."""
        failed = self._encoding
        if failed:
            self._refuse(reason)
        return failed

    def _take(self) -> bool:
        if self._parts:
            time.sleep(_PAUSE_SECONDS)
        first, taken = self._counts.take(self._queue.records, min(_CHUNK, self._batch - len(self._parts)))
        self._queue.taken(taken)
        self._raw.extend(taken)
        if not self._parts:
            self._first = first if taken else None
        return bool(taken)

    def _add(self) -> bool:
        """Put the oldest record into the line, or refuse it; False when the line has no room for it."""
        self._encoding = True
        try:
            part = encoded(self._raw[0], f"{self._prefix}-{self._number}")
        except NotUsable as error:
            self._refuse(str(error))
            return True
        self._encoding = False
        if self._bytes + len(part) + 1 > LONGEST_LINE:
            return False
        self._raw.popleft()
        self._number += 1
        self._parts.append(part)
        self._bytes += len(part) + 1
        return True

    def _refuse(self, reason: str) -> None:
        self._encoding = False
        self._raw.popleft()
        self._counts.settle(0, 0, [reason])

    def _cut(self) -> Line:
        assert self._first is not None
        line = Line(b"[" + b",".join(self._parts) + b"]\n", len(self._parts), self._first)
        self._parts, self._bytes = [], FRAME
        self._first = self._first if self._raw else None
        return line
