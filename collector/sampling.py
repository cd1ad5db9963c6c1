"""The samplers of this daemon: which are on, in which groups, and what the recorder itself costs."""

from __future__ import annotations

import os
import time
from collections import defaultdict
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from collector import clock
from collector.errors import CollectorError
from collector.pace import Pace
from collector.samplers.base import SAMPLERS, Context, Figures, Group, Seat
from collector.schedule import Schedule
from collector.settings import Settings
from collector.store.buffer import Buffer
from collector.units import Duration

# Samplers share a turn when they share an interval (None: the common one) and may all block or none.
GroupKey = tuple[Duration | None, bool]
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


class Sampled:
    """Holds the groups of samplers, one an interval; all they say goes into ``buffer``.

    ``flush_ms`` tells the duration of the latest flush; ``each_turn`` is called after every turn of
    the samplers that share the common interval.
    """

    def __init__(
        self,
        settings: Settings,
        buffer: Buffer,
        pace: Pace,
        flush_ms: Callable[[], float | None],
        each_turn: Callable[[], None],
    ) -> None:
        self._buffer = buffer
        self._pace = pace
        self._flush_ms = flush_ms
        self._each_turn = each_turn
        self.late_ms = 0.0
        self._due_ms: float | None = None
        self._since = (time.monotonic(), time.process_time())
        self._settings = settings
        self._groups = self._grouped(settings)

    def schedule(self, schedule: Schedule) -> None:
        """Take first readings, then give every group to the scheduler."""
        for (every, may_block), group in self._groups.items():
            group.prime()
            schedule.sample(
                f"{every or 'common'}{' devices' if may_block else ''}",
                partial(self._pace.every, every),
                partial(self._turn, group, counts=every is None and not may_block),
                may_block=may_block,
            )
        # What starting up cost is no part of what recording costs.
        self._since = (time.monotonic(), time.process_time())

    def apply(self, settings: Settings, schedule: Schedule) -> None:
        """Follow a reloaded config, unless nothing about sampling changed."""
        if settings.sampling != self._settings.sampling:
            self._settings, self._groups = settings, self._grouped(settings)
            schedule.drop_samplers()
            self.schedule(schedule)

    def forget(self) -> None:
        """After a hole in time every reading starts anew."""
        self._due_ms = None
        for group in self._groups.values():
            group.forget()

    def health(self) -> list[dict[str, Any]]:
        """How each sampler does."""
        return [seat.health() for group in self._groups.values() for seat in group.seats]

    def own_cost(self) -> dict[str, Any]:
        """Processor share of one core since recording began, and resident memory now."""
        at, spent = self._since
        seconds = max(time.monotonic() - at, 1e-9)
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
        return {
            "cpu_percent": round(100 * (time.process_time() - spent) / seconds, 3),
            "rss_bytes": pages * PAGE_BYTES,
        }

    def _grouped(self, settings: Settings) -> dict[GroupKey, Group]:
        context = Context(settings, self._figures)
        seats: dict[GroupKey, list[Seat]] = defaultdict(list)
        for kind in SAMPLERS.values():
            if kind.name not in settings.sampling.off:
                own = kind.every(settings)
                every = None if own == settings.sampling.every else own
                seats[every, kind.may_block].append(Seat(kind(context)))
        return {key: Group(found) for key, found in seats.items()}

    def _turn(self, group: Group, *, counts: bool) -> None:
        """One turn of a group; that of the common samplers ``counts`` for lateness."""
        at = clock.now()
        if counts:
            self._note_lateness(at.wall_ms, self._pace.every() * 1000)
        try:
            group.turn(at, self._buffer.put)
        except CollectorError:
            return  # the buffer closed under a turn that hung past the stop
        if counts:
            self._each_turn()

    def _note_lateness(self, now_ms: int, every_ms: float) -> None:
        """Late is what lies between now and when this turn was due, however many were skipped."""
        due_ms, on_grid = self._due_ms, now_ms // every_ms * every_ms
        self.late_ms = now_ms - (on_grid if due_ms is None else min(due_ms, on_grid))
        self._due_ms = on_grid + every_ms

    def _figures(self) -> Figures:
        counts = self._buffer.counts()
        return Figures(counts.queued, self._flush_ms(), counts.dropped, self.late_ms)
