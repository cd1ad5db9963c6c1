"""What became of the records: every one is in exactly one of the counters."""

from __future__ import annotations

import itertools
import threading
from collections import Counter, deque
from typing import Any, NamedTuple

MOST_REASONS = 50  # distinct texts; the rest is counted as "other"
LONGEST_REASON = 200  # characters


class Raw(NamedTuple):
    """A record as the caller left it: nothing is looked at before the sender's thread has it, but `kept`."""

    kind: object
    fields: dict[str, Any]
    seconds: float
    size: int  # bytes, estimated


class Tally:
    """A count that any thread, signal handler or finalizer adds to, without a lock.

    ``next`` of an `itertools.count` is one step that nothing can interrupt, so ``add`` is just that.
    """

    def __init__(self) -> None:
        self.add = itertools.count().__next__
        self._looks = 0

    def value(self) -> int:
        """How often ``add`` was called. One thread at a time may look."""
        value = self.add() - self._looks
        self._looks += 1
        return value


class Counts:
    """The counters of one client. `changed` guards them and is told of every change."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.dropped = {"full": Tally(), "closed": Tally(), "error": Tally()}
        self.taken = 0  # by the sender, from the queue
        self.done_to = 0  # see `settled_to`
        self.open = 0  # taken and not settled
        self._over = False
        self._results = Counter({"committed": 0, "duplicate": 0, "rejected": 0, "dropped": 0})
        self._reasons: Counter[str] = Counter()

    def take(self, records: deque[Raw], most: int) -> tuple[int, list[Raw]]:
        """Move up to ``most`` of the oldest to the sender: the place of the first in all, and them."""
        taken: list[Raw] = []
        with self.changed:
            first = self._left()
            while records and len(taken) < most:
                try:
                    taken.append(records.popleft())
                except IndexError:  # a caller threw the last one out in between
                    break
            self.taken += len(taken)
            self.open += len(taken)
        return first, taken

    def settle(self, committed: int, duplicate: int, refused: list[str]) -> None:
        """Count what became of records that were taken; ``refused`` holds a reason for each."""
        with self.changed:
            if self._over:  # an answer to what was given up already
                return
            self.open -= committed + duplicate + len(refused)
            self._results.update(committed=committed, duplicate=duplicate, rejected=len(refused))
            self._note(refused)
            self.changed.notify_all()

    def drop(self, records: int, reason: str) -> None:
        """Count records that were taken and are not tried any more."""
        with self.changed:
            if self._over:
                return
            self.open -= records
            self._results["dropped"] += records
            self._note([reason] * records)
            self.changed.notify_all()

    def settled_to(self, oldest: int | None) -> None:
        """Tell that all records are settled before the ``oldest`` open one, or all that were taken."""
        with self.changed:
            if self._over:
                return
            self.done_to = self._left() if oldest is None else oldest
            self.changed.notify_all()

    def recorded(self, records: deque[Raw]) -> int:
        """How many have ever been put into the queue."""
        with self.changed:
            return self._left() + len(records)

    def give_up(self, records: deque[Raw], reason: str) -> int:
        """Drop all that is not settled, and count nothing more; how many that were."""
        with self.changed:
            left = len(records) + self.open
            self.done_to = self._left() + len(records)
            records.clear()
            self.open, self._over = 0, True
            self._results["dropped"] += left
            self._note([reason] * left)
            self.changed.notify_all()
        return left

    def told(self, records: deque[Raw]) -> dict[str, Any]:
        """All counters at one moment: received = committed + duplicate + rejected + dropped + queued."""
        with self.changed:
            reasons = dict(self._reasons)
            told = dict(self._results)
            for reason, tally in self.dropped.items():
                if count := tally.value():
                    told["dropped"] += count
                    reasons[reason] = reasons.get(reason, 0) + count
            told["queued"] = len(records) + self.open
        return {"received": sum(told.values()), **told, "reasons": reasons}

    def _left(self) -> int:
        """How many have left the queue, at its old end."""
        return self.taken + self.dropped["full"].value()

    def _note(self, reasons: list[str]) -> None:
        for text in reasons:
            reason = text[:LONGEST_REASON]
            is_new = reason not in self._reasons
            self._reasons["other" if is_new and len(self._reasons) >= MOST_REASONS else reason] += 1
