"""The queue between those who record and the one who writes: bounded, counted, never blocking.

All counts live behind the buffer's one lock, so that at every moment
received = committed + duplicate + rejected + dropped + queued.
"""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import msgspec

from collector.errors import CollectorError

Structs = Sequence[msgspec.Struct]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a batch: numbers, and (position, reason) for each record that was refused."""

    committed: int = 0
    duplicate: int = 0
    rejected: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Batch:
    """Records that are stored whole or not at all; ``done`` hears the outcome after the commit.

    ``size`` is in bytes. ``done`` is called in the writer's thread and must not block.
    """

    records: Structs
    size: int
    done: Callable[[Outcome], None] | None = None


@dataclass(slots=True)
class Flight:
    """What the writer has taken and not yet settled."""

    own: list[msgspec.Struct]
    batches: list[Batch]

    def __len__(self) -> int:
        return len(self.own) + sum(len(batch.records) for batch in self.batches)


@dataclass(frozen=True, slots=True)
class Counts:
    """The numbers of promise 3. ``reasons`` splits ``dropped``."""

    received: int
    committed: int
    duplicate: int
    rejected: int
    dropped: int
    queued: int
    reasons: dict[str, int]


@dataclass(slots=True)
class Lost:
    """Own records dropped since the last look: how many, and from when to when (ms)."""

    count: int = 0
    from_ms: int = 0
    to_ms: int = 0


@dataclass(frozen=True, slots=True)
class Limits:
    """How much may wait, and when it is flushed: after ``age`` seconds or at ``flush`` records."""

    records: int = 20_000
    size: int = 16 << 20
    age: float = 1.0
    flush: int = 5_000


class Buffer:
    """Many threads put, one takes. See `Limits` for its bounds."""

    def __init__(self, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self._ready = threading.Condition()
        self._own: deque[tuple[msgspec.Struct, int]] = deque()
        self._batches: deque[Batch] = deque()
        self._size = 0
        self._waiting = 0
        self._flying = 0
        self._flying_size = 0
        self._oldest: float | None = None
        self._urgent = False
        self._closed = False
        self._counts: Counter[str] = Counter()
        self._reasons: Counter[str] = Counter()
        self._lost = Lost()

    def put(self, monotonic: float, records: Structs) -> None:
        """Take our own records. Never blocks and never refuses: when full, the oldest own one goes.

        Raises CollectorError after `close`.
        """
        if not records:
            return
        with self._ready:
            self._refuse_after_close()
            for record in records:
                size = size_of(record)
                self._own.append((record, size))
                self._add(1, size)
            while self._over() and self._own:
                self._drop_oldest("full")
            self._note(monotonic)

    def offer(self, monotonic: float, batch: Batch) -> bool:
        """Take a client's batch, or return False (busy) when its share of the buffer is full.

        Clients may fill three quarters, so that they can never push out the machine's own samples.
        """
        with self._ready:
            self._refuse_after_close()
            count = len(batch.records)
            if not self._fits(count, batch.size):
                return False
            self._batches.append(batch)
            self._add(count, batch.size)
            self._urgent = self._urgent or batch.done is not None
            self._note(monotonic)
            return True

    def wait(self, monotonic: Callable[[], float], longest: float) -> None:
        """Block until a flush is due, `nudge` or `close` is called, or ``longest`` seconds passed."""
        with self._ready:
            rest = self._until_due(monotonic(), longest)
            if rest > 0:
                self._ready.wait(rest)
                rest = self._until_due(monotonic(), longest)
                if self._oldest is not None and 0 < rest < longest:
                    # Woken by the first record of a new batch: now wait for the rest of its age.
                    self._ready.wait(rest)

    def due(self, monotonic: float) -> bool:
        """Whether something waits that should be written now."""
        with self._ready:
            return self._waiting > 0 and self._until_due(monotonic, 1.0) <= 0

    def take(self) -> Flight:
        """Hand everything that waits to the writer; it stays counted as queued until `settle`."""
        with self._ready:
            flight = Flight([record for record, _ in self._own], list(self._batches))
            self._own.clear()
            self._batches.clear()
            self._flying, self._flying_size = self._waiting, self._size
            self._waiting = self._size = 0
            self._oldest, self._urgent = None, False
            return flight

    def settle(self, outcomes: Sequence[Outcome]) -> None:
        """Count what became of the flight that was taken."""
        with self._ready:
            for outcome in outcomes:
                self._counts["committed"] += outcome.committed
                self._counts["duplicate"] += outcome.duplicate
                self._counts["rejected"] += len(outcome.rejected)
            self._flying = self._flying_size = 0

    def reject(self, count: int) -> None:
        """Count records that were refused before they could be queued."""
        with self._ready:
            self._counts["received"] += count
            self._counts["rejected"] += count

    def abandon(self, reason: str) -> int:
        """Drop all that is left, in flight too, when nothing can be written any more; how many."""
        with self._ready:
            left = self._waiting + self._flying
            self._own.clear()
            self._batches.clear()
            self._waiting = self._size = self._flying = self._flying_size = 0
            if left:
                self._reasons[reason] += left
            return left

    def lost(self) -> Lost:
        """What was dropped since this was last asked."""
        with self._ready:
            lost, self._lost = self._lost, Lost()
            return lost

    def counts(self) -> Counts:
        """All counts at one moment."""
        with self._ready:
            return Counts(
                received=self._counts["received"],
                committed=self._counts["committed"],
                duplicate=self._counts["duplicate"],
                rejected=self._counts["rejected"],
                dropped=self._reasons.total(),
                queued=self._waiting + self._flying,
                reasons=dict(self._reasons),
            )

    def nudge(self) -> None:
        """Wake the writer though no flush is due."""
        with self._ready:
            self._ready.notify()

    def close(self) -> None:
        """Take nothing more; what is there can still be taken. Closing twice is fine."""
        with self._ready:
            self._closed = True
            self._ready.notify()

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._closed

    def _add(self, count: int, size: int) -> None:
        self._counts["received"] += count
        self._waiting += count
        self._size += size

    def _note(self, monotonic: float) -> None:
        first = self._oldest is None
        if first:
            self._oldest = monotonic
        if first or self._urgent or self._waiting >= self.limits.flush:
            self._ready.notify()

    def _until_due(self, monotonic: float, longest: float) -> float:
        if self._closed or self._urgent or self._waiting >= self.limits.flush:
            return 0.0
        if self._oldest is None:
            return longest
        return min(longest, self.limits.age - (monotonic - self._oldest))

    def _over(self) -> bool:
        return (
            self._waiting + self._flying > self.limits.records
            or self._size + self._flying_size > self.limits.size
        )

    def _fits(self, count: int, size: int) -> bool:
        return (
            self._waiting + self._flying + count <= self.limits.records * 3 // 4
            and self._size + self._flying_size + size <= self.limits.size * 3 // 4
        )

    def _drop_oldest(self, reason: str) -> None:
        record, size = self._own.popleft()
        self._waiting -= 1
        self._size -= size
        self._reasons[reason] += 1
        at = getattr(record, "timestamp", None)
        if isinstance(at, int):
            self._lost.from_ms = min(self._lost.from_ms or at, at)
            self._lost.to_ms = max(self._lost.to_ms, at)
        self._lost.count += 1

    def _refuse_after_close(self) -> None:
        if self._closed:
            raise CollectorError("the buffer is closed", hint="nothing can be recorded after the stop began")


def size_of(record: msgspec.Struct) -> int:
    """Roughly what a record weighs in memory, in bytes: 32 a value, plus its texts."""
    values = msgspec.structs.astuple(record)
    return 32 * len(values) + sum(len(value) for value in values if value.__class__ is str)
