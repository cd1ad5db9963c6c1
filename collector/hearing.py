"""Who hears of what was stored: warnings of what was slow, callers that wait for pools, and alerts."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec

from collector import clock
from collector.alerts import Alerts, Teller, known
from collector.pools.waiting import Waiting
from collector.settings import own_thresholds
from collector.slow import SlowWarnings, Thresholds
from collector.store.listeners import Stored
from collector.store.texts import text_of
from collector.timings import Timings
from collector.workloads.spawn import Children

if TYPE_CHECKING:
    from collector.settings import Settings
    from collector.sqlite import sqlite3
    from collector.store.buffer import Buffer


class Hearing:
    """All of them; ``umask`` is the one that a program of ``on_alert`` runs with.

    Who hears besides is added to ``others``.
    """

    def __init__(self, settings: Settings, buffer: Buffer, umask: int) -> None:
        thresholds = _thresholds(settings)
        self.slow = SlowWarnings(thresholds)
        self.timings = Timings()
        self.waiting = Waiting()
        self.others: list[Stored] = []
        self._teller = Teller(settings.alerts, Children(umask))
        # What the last commit turns is a row all the same.
        put = partial(buffer.put, even_closed=True)
        self.alerts = Alerts(put, thresholds, self._teller.tell, settings.changes.floor_percent)

    def begin(self, conn: sqlite3.Connection) -> None:
        """Take over what is stored, before anything more is."""
        self.slow.texts.look_up = text_of(conn)
        self.alerts.begin(known.states(conn), known.runs(conn))

    def stored(self, records: Sequence[msgspec.Struct]) -> None:
        """The writer's hook, after each commit."""
        self.slow.stored(records)
        self.waiting.stored(records, time.monotonic())
        self.alerts.stored(records, clock.now().wall_ms)
        for stored in self.others:
            stored(records)

    def timed(self, name: str, duration_ms: float, rows: int) -> None:
        """The writer's own statements."""
        self.timings.heard(name, duration_ms, rows)
        self.slow.own(name, duration_ms, rows)

    def apply(self, settings: Settings) -> None:
        """Go on with other settings."""
        thresholds = _thresholds(settings)
        self.slow.set(thresholds)
        self.alerts.set(thresholds, settings.changes.floor_percent)
        self._teller.apply(settings.alerts)

    def asks(self) -> dict[str, Any]:
        """What the socket is asked of it."""
        return {"slow": self.slow.asked, "timings": lambda _: {"timings": self.timings.table()}}

    def close(self) -> None:
        """Nothing is stored any more: say what was folded, tell what waits to be told. Bounded."""
        self.slow.close()
        self._teller.close()


def _thresholds(settings: Settings) -> Thresholds:
    return Thresholds.of(settings.slow, own_thresholds(settings))
