"""Rolls up, and deletes what is old, in short steps of the writer: what the scheduler calls."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from collector import clock
from collector.errors import CollectorError
from collector.log import Folded, get_logger
from collector.store.database import open_reader
from collector.store.failures import REFUSALS, classify
from collector.store.retention.keeper import Keeper
from collector.store.rollups.repairing import repair
from collector.store.rollups.rolling import Rollups
from collector.store.rollups.series import prune

if TYPE_CHECKING:
    from collector.settings import Settings
    from collector.store.asked import Step
    from collector.store.writer import Writer

log = get_logger("upkeep")

# A stretch of rollups is as long: so most rows of them are written once.
SECONDS = 300.0
STEP_SECONDS = 30.0


class Tidying:
    """Both in turn, since only what is rolled up may go.

    ``is_saving`` tells whether rows of a file that was set aside are still being taken over.
    """

    def __init__(
        self, writer: Writer, settings: Settings, is_saving: Callable[[], bool] = lambda: False
    ) -> None:
        self._writer = writer
        self._is_saving = is_saving
        self._path = settings.database
        self.rollups = Rollups()
        self._keeper = Keeper(settings.database, settings.retention)
        self._stopping = threading.Event()
        self._failed = Folded(log, "upkeep.failed")

    def apply(self, settings: Settings) -> None:
        """Go on with other ages and another cap."""
        self._keeper.retention = settings.retention

    def stop(self) -> None:
        """Have a round that goes on end at its next step."""
        self._stopping.set()

    def step(self) -> None:
        """One round of both; what fails is tried again the next time."""
        for part in (self._roll_up, self._repair, self._retain, self._prune):
            # While rows of a damaged file are still being taken over, no hour can be summed up once more,
            # and no series is known to be without rows.
            if part in (self._repair, self._prune) and self._is_saving():
                continue
            try:
                part()
            except (CollectorError, *REFUSALS) as error:
                if classify(error) == "corrupt":
                    self._writer.suspect()
                if not self._stopping.is_set():
                    name = part.__name__.strip("_")
                    self._failed.happened(time.monotonic(), part=name, error=str(error))
                return
        self._failed.over()

    def _roll_up(self) -> None:
        while not self._stopping.is_set() and self._ask("rollups", self.rollups.turn(clock.now().wall_ms)):
            pass

    def _repair(self) -> None:
        database = open_reader(self._path)
        database.pragma("cache_size", -1024)  # given back with the connection, small while it is open
        try:
            repair(database, self._ask, self._stopping.is_set)
        finally:
            database.close()

    def _retain(self) -> None:
        while not self._stopping.is_set() and (turn := self._keeper.turn(clock.now())) is not None:
            self._writer.ask(turn.name, turn.step, transaction=False).wait(STEP_SECONDS)

    def _prune(self) -> None:
        """Series of which nothing is kept; in this thread, since a repair remembers their numbers."""
        now_ms = clock.now().wall_ms
        while not self._stopping.is_set() and self._ask("rollups.prune", partial(prune, now_ms=now_ms)):
            pass

    def _ask(self, name: str, step: Step) -> Any:
        return self._writer.ask(name, step).wait(STEP_SECONDS)
