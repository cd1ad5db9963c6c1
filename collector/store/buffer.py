"""The queue between those who record and the one who writes: bounded, counted, never blocking.

All counts live behind the buffer's one lock, so that at every moment
received = committed + duplicate + rejected + dropped + queued.
"""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, get_args

import msgspec

from collector.errors import CollectorError

Structs = Sequence[msgspec.Struct]

# A flush by age waits so much longer: at one second the next tick comes in just then, and goes along.
# It halves the commits, and what a commit costs is mostly not the rows.
SLACK_SECONDS = 0.02


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
    """Own records dropped since the last look: how many, and from when to when (ms; 0 when none told)."""

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
        self._own: deque[msgspec.Struct] = deque()
        self._batches: deque[Batch] = deque()
        self._size = 0
        self._waiting = 0
        self._flying = 0
        self._flying_size = 0
        self._oldest: float | None = None
        self._urgent = False
        self._nudged = False
        self._closed = False
        self._counts: Counter[str] = Counter()
        self._reasons: Counter[str] = Counter()
        self._lost = Lost()

    def put(self, monotonic: float, records: Structs, *, even_closed: bool = False) -> None:
        """Take our own records. Never blocks and never refuses: when full, the oldest own one goes.

        Raises CollectorError after `close`. ``even_closed`` is for the writer, which may still note on
        its way out what was lost.
        """
        if not records:
            return
        with self._ready:
            if not even_closed:
                self._refuse_after_close()
            self._own.extend(records)
            self._add(len(records), sum(map(size_of, records)))
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

    def can_hold(self, batch: Batch) -> bool:
        """Whether there would be room for a client's batch if nothing else waited."""
        share = self.limits.records * 3 // 4, self.limits.size * 3 // 4
        return len(batch.records) <= share[0] and batch.size <= share[1]

    def wait(self, monotonic: Callable[[], float], longest: float) -> None:
        """Block until a flush is due, `nudge` or `close` is called, or ``longest`` seconds passed."""
        end = monotonic() + longest
        with self._ready:
            # A nudge is remembered: it may come while the writer is not waiting yet. Whoever puts the
            # first record wakes us too, and then the rest of its age is waited for.
            while not self._nudged:
                now = monotonic()
                rest = self._until_due(now, end - now)
                if rest <= 0:
                    break
                self._ready.wait(rest + SLACK_SECONDS if self._own else rest)
            self._nudged = False

    def due(self, monotonic: float) -> bool:
        """Whether something waits that should be written now."""
        with self._ready:
            return self._anything() and self._until_due(monotonic, 1.0) <= 0

    def take(self) -> Flight:
        """Hand everything that waits to the writer; it stays counted as queued until `settle`."""
        with self._ready:
            flight = Flight(list(self._own), list(self._batches))
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

    def account(self, outcome: Outcome) -> None:
        """Count records that were stored without being queued: those of a change."""
        with self._ready:
            refused = len(outcome.rejected)
            self._counts["received"] += outcome.committed + outcome.duplicate + refused
            self._counts["committed"] += outcome.committed
            self._counts["duplicate"] += outcome.duplicate
            self._counts["rejected"] += refused

    def refuse(self, count: int, reason: str) -> None:
        """Count records that came and are lost, since nobody will send them again."""
        with self._ready:
            self._counts["received"] += count
            self._reasons[reason] += count

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
            self._nudged = True
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

    def _anything(self) -> bool:
        """Whether a flush would find something; a batch without records is still owed its answer."""
        return bool(self._own or self._batches)

    def _until_due(self, monotonic: float, longest: float) -> float:
        if self._closed or self._urgent or self._waiting >= self.limits.flush:
            return 0.0
        if self._oldest is None or not self._anything():
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
        record = self._own.popleft()
        self._waiting -= 1
        self._size -= size_of(record)
        self._reasons[reason] += 1
        for column in ("timestamp", "from_ms", "to_ms"):
            at = getattr(record, column, None)
            if isinstance(at, int):
                self._lost.from_ms = min(self._lost.from_ms or at, at)
                self._lost.to_ms = max(self._lost.to_ms, at)
        self._lost.count += 1

    def _refuse_after_close(self) -> None:
        if self._closed:
            raise CollectorError("the buffer is closed", hint="nothing can be recorded after the stop began")


def size_of(record: msgspec.Struct) -> int:
    """Roughly what a record weighs in memory, in bytes: 32 a value, plus its texts."""
    weight = _WEIGHTS.get(type(record)) or _weigh(type(record))
    size = weight.fixed
    for name in weight.texts:
        text = getattr(record, name)
        # A sampler with a bug may put anything there: the INSERT refuses it, and it alone.
        size += len(text) if isinstance(text, str) else 0
    return size


class _Weight(NamedTuple):
    fixed: int
    texts: tuple[str, ...]


# By type of record: this is asked for each one, and going over all of its values would cost as much as
# half of its INSERT.
_WEIGHTS: dict[type[msgspec.Struct], _Weight] = {}


def _weigh(struct: type[msgspec.Struct]) -> _Weight:
    fields = msgspec.structs.fields(struct)
    texts = tuple(field.name for field in fields if _may_be_text(field.type))
    return _WEIGHTS.setdefault(struct, _Weight(32 * len(fields), texts))


def _may_be_text(kind: Any) -> bool:
    return kind is str or any(_may_be_text(part) for part in get_args(kind))
