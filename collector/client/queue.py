"""The queue between the application and the sender's thread: bounded, and no lock for the caller.

`put` may run in any thread, in a signal handler or in a finalizer, also in the middle of another
`put`. So it uses only steps of the interpreter that cannot be divided.
"""

from __future__ import annotations

import sys
import threading
from collections import deque

from collector.client.counts import Counts, Raw

_NEVER = sys.maxsize


class Queue:
    """Holds at most ``most`` records, less those on their way, and ``most_bytes``; the oldest goes."""

    def __init__(self, most: int, most_bytes: int, counts: Counts) -> None:
        self.records: deque[Raw] = deque()
        self.room = most
        self.closed = False
        self._most = most
        self._most_bytes = most_bytes
        # Only `+=` and `-=` of plain numbers: the interpreter changes threads at calls and loops, not in
        # the middle of these. Were one ever lost, `taken` begins anew whenever the queue is empty.
        self._bytes = 0
        self._counts = counts
        self._wake_at = _NEVER
        self._gate = threading.Lock()
        self._gate.acquire()

    def put(self, record: Raw) -> None:
        """Append, and wake the sender if it waits for this many."""
        if self.closed:
            self._counts.dropped["closed"].add()
            return
        records = self.records
        records.append(record)
        self._bytes += record.size
        waiting = len(records)
        if waiting >= self._wake_at:
            self.wake()
        if waiting > self.room:
            self._drop_oldest()
        while self._bytes > self._most_bytes and records:
            self._drop_oldest()

    def taken(self, records: list[Raw]) -> None:
        """Make room for as many bytes as the sender took."""
        size = sum(record.size for record in records)
        self._bytes -= size
        if self._bytes < 0 or not self.records:
            self._bytes = 0

    def wake(self) -> None:
        """End the sender's `wait`, or its next one if it is not waiting."""
        self._wake_at = _NEVER
        try:
            self._gate.release()
        except RuntimeError:
            return  # it is open already

    def wait(self, until_waiting: int | None, seconds: float | None) -> None:
        """Block the sender until so many records wait, `wake` is called, or ``seconds`` passed."""
        self._wake_at = until_waiting if until_waiting is not None else _NEVER
        # Looked at after it was set: whoever puts one now sees it, and whoever did before is seen.
        if len(self.records) < self._wake_at:
            self._gate.acquire(timeout=-1 if seconds is None else max(0.0, seconds))
        self._wake_at = _NEVER

    def leave_room_for(self, flying: int) -> None:
        """Count the records on their way into the bound."""
        self.room = max(1, self._most - flying)

    def _drop_oldest(self) -> None:
        try:
            size = self.records.popleft().size
        except IndexError:
            return  # the sender took them all
        self._bytes -= size
        self._counts.dropped["full"].add()
