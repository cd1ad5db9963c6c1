"""What a sampler is, and how a group of them takes one turn without being able to hurt each other."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Generic, TypeVar

import msgspec

from collector.clock import Instant
from collector.log import Folded, get_logger
from collector.registry import Registry
from collector.settings import Settings
from collector.units import Duration

log = get_logger("samplers")

Raw = TypeVar("Raw")


class Missing(Exception):
    """This machine lacks the subject (no battery, no PSI): said once, then the sampler is left out."""


@dataclass(frozen=True, slots=True)
class Figures:
    """What the recorder knows about itself at one moment, for its own sampler."""

    queued: int
    flush_ms: float | None
    dropped: int
    late_ms: float


@dataclass(frozen=True, slots=True)
class Context:
    """What samplers are given: the settings, a look at the recorder itself, and where the kernel tells."""

    settings: Settings
    figures: Callable[[], Figures] = lambda: Figures(0, None, 0, 0.0)
    proc: Path = Path("/proc")
    sys: Path = Path("/sys")

    @property
    def database(self) -> Path:
        """The database file; samplers only ever ask for its size."""
        return self.settings.database


class Sampler(Generic[Raw]):
    """One subject. `read` is the thin line to the kernel, `records` is pure.

    Set ``name``; set ``rates = False`` when one reading is enough (levels), so that the first is kept.
    Making one touches nothing: what may fail belongs into `read`.
    """

    name: ClassVar[str]
    rates: ClassVar[bool] = True
    # Whether it reads a disk or a device, and so may hang. Those that only read /proc say False, and
    # are read in the scheduler's own thread; the others have threads of their own.
    may_block: ClassVar[bool] = True

    def __init__(self, context: Context) -> None:
        self.context = context

    @classmethod
    def every(cls, settings: Settings) -> Duration | None:
        """Its own interval, or None for the common one."""
        return None

    def read(self) -> Raw:
        """Ask the kernel. Raises `Missing` when this machine has no such thing."""
        raise NotImplementedError

    def records(self, before: Raw | None, now: Raw, seconds: float, timestamp: int) -> list[msgspec.Struct]:
        """Turn two readings, ``seconds`` of monotonic time apart, into records.

        ``before`` is None only where ``rates`` is False.
        """
        raise NotImplementedError


SAMPLERS: Registry[type[Sampler[Any]]] = Registry("sampler")

C = TypeVar("C", bound=type[Sampler[Any]])


def sampler(cls: C) -> C:
    """Announce a sampler by its name."""
    SAMPLERS.add(cls.name, cls)
    return cls


def rates(before: Sequence[float], now: Sequence[float], seconds: float) -> list[float] | None:
    """What each cumulative counter gained per second; None when one went back, so that nothing is told.

    A counter goes back when it wraps, or when its device went and another came under the same name.
    """
    gained = [later - earlier for earlier, later in zip(before, now, strict=True)]
    return None if seconds <= 0 or min(gained) < 0 else [gain / seconds for gain in gained]


def moved(
    before: Mapping[str, Sequence[float]], now: Mapping[str, Sequence[float]], seconds: float
) -> Iterator[tuple[str, list[float]]]:
    """The `rates` of each device that was there before, too, and has counted anything since it came."""
    for device, counters in now.items():
        per_s = rates(before[device], counters, seconds) if device in before else None
        if per_s is not None and any(counters):
            yield device, per_s


class Seat:
    """One sampler in its group: remembers the reading before, guards against overlap, counts failures."""

    def __init__(self, of: Sampler[Any]) -> None:
        self.sampler = of
        self.name = of.name
        self.missing = False
        self.failures = 0
        self.skipped = 0
        self.duration_ms: float | None = None
        self._reason: str | None = None
        self._hanging = False
        self._busy = threading.Lock()
        self._memory = threading.Lock()
        self._before: Any = None
        self._before_at: float | None = None
        self._gaps = 0
        self._failed = Folded(log, "sampler.failed")
        self._hangs = Folded(log, "sampler.hangs")

    def turn(self, timestamp: int) -> list[msgspec.Struct]:
        """Take one reading; the records it gives, none at the first one, after a gap or on failure."""
        if self.missing:
            return []
        if not self._busy.acquire(blocking=False):
            self.skipped += 1  # its last turn hangs; the others go on without it
            self._hanging = True
            self._hangs.happened(time.monotonic(), sampler=self.name)
            return []
        start = time.perf_counter()
        try:
            records = self._measured(timestamp)
        except Missing as reason:
            self.missing = True
            self._reason = str(reason)
            log.info("sampler.missing", sampler=self.name, reason=self._reason)
            return []
        except Exception as error:  # noqa: BLE001  # an edge: a broken sampler never stops the others
            self.failures += 1
            self._reason = f"{type(error).__name__}: {error}"
            self.forget()
            self._failed.happened(time.monotonic(), sampler=self.name, error=self._reason)
            return []
        else:
            if self._reason is not None:
                self._reason = None
                self._failed.over(sampler=self.name)
            return records
        finally:
            self.duration_ms = (time.perf_counter() - start) * 1000
            if self._hanging:
                self._hanging = False
                self._hangs.over(sampler=self.name)
            self._busy.release()

    def forget(self) -> None:
        """Drop the reading before, so that no rate crosses a gap; one that is under way goes, too."""
        with self._memory:
            self._before = self._before_at = None
            self._gaps += 1

    def health(self) -> dict[str, Any]:
        """How it does, for `collector status`: ok, missing, failing or hanging, and why not ok."""
        state, reason = "ok", self._reason
        if self._hanging:
            state, reason = "hanging", "its last turn has not ended"
        elif reason is not None:
            state = "missing" if self.missing else "failing"
        return {
            "name": self.name,
            "state": state,
            "reason": reason,
            "duration_ms": self.duration_ms,
            "failures": self.failures,
            "skipped": self.skipped,
        }

    def _measured(self, timestamp: int) -> list[msgspec.Struct]:
        gaps = self._gaps
        now, at = self.sampler.read(), time.monotonic()
        with self._memory:
            if gaps == self._gaps:
                before, before_at = self._before, self._before_at
                self._before, self._before_at = now, at
            else:  # a gap came while it was read: nobody knows on which side of it this belongs
                before = before_at = None
        seconds = at - before_at if before_at is not None else 0.0
        if seconds <= 0 and self.sampler.rates:
            return []
        return self.sampler.records(before, now, seconds, timestamp)


class Group:
    """The samplers that share an interval: one job, one turn, all rows with one timestamp."""

    def __init__(self, seats: list[Seat]) -> None:
        self.seats = sorted(seats, key=lambda seat: seat.sampler.may_block)

    def prime(self) -> None:
        """Take the first readings, which give no rates, so that the first turn has something to compare."""
        for seat in self.seats:
            if seat.sampler.rates:
                seat.turn(0)

    def turn(self, at: Instant, put: Callable[[float, list[msgspec.Struct]], None]) -> None:
        """Read everything once and put the records, those that cannot block before those that can."""
        records: list[msgspec.Struct] = []
        for seat in self.seats:
            if seat.sampler.may_block and records:
                put(at.monotonic, records)
                records = []
            records += seat.turn(at.wall_ms)
        put(at.monotonic, records)

    def forget(self) -> None:
        """After a gap every reading starts anew."""
        for seat in self.seats:
            seat.forget()
