"""The samplers of this daemon: which are on, in which groups, and what the recorder itself costs."""

from __future__ import annotations

import os
import time
from collections import defaultdict
from collections.abc import Callable
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
        self._since = (time.monotonic(), time.process_time())
        self._settings = settings
        self._groups = self._grouped(settings)

    def schedule(self, schedule: Schedule) -> None:
        """Take first readings, then give every group to the scheduler."""
        for every, group in self._groups.items():
            group.prime()
            schedule.sample(
                "common" if every is None else str(every),
                lambda own=every: self._pace.every(own),  # type: ignore[misc]
                lambda own=every, group=group: self._turn(own, group),  # type: ignore[misc]
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

    def _grouped(self, settings: Settings) -> dict[Duration | None, Group]:
        context = Context(settings, self._figures)
        seats: dict[Duration | None, list[Seat]] = defaultdict(list)
        for kind in SAMPLERS.values():
            if kind.name not in settings.sampling.off:
                own = kind.every(settings)
                seats[None if own == settings.sampling.every else own].append(Seat(kind(context)))
        return {every: Group(found) for every, found in seats.items()}

    def _turn(self, own: Duration | None, group: Group) -> None:
        at = clock.now()
        if own is None:
            self.late_ms = at.wall_ms % (self._pace.every() * 1000)
        try:
            group.turn(at, self._buffer.put)
        except CollectorError:
            return  # the buffer closed under a turn that hung past the stop
        if own is None:
            self._each_turn()

    def _figures(self) -> Figures:
        counts = self._buffer.counts()
        return Figures(counts.queued, self._flush_ms(), counts.dropped, self.late_ms)
