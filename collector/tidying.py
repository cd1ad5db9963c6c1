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
from collector.store.failures import REFUSALS, Trouble, classify
from collector.store.retention import wal
from collector.store.retention.keeper import Keeper
from collector.store.retention.sizes import taken_bytes
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
# So often it is looked whether the files have outgrown the cap, which a sender can bring about in seconds.
# It costs some sizes of files, at moments at which the scheduler wakes up anyway.
LOOK_SECONDS = 5.0
# What a round had to leave over the cap must have grown by so much of it before another begins sooner.
GROWN_SHARE = 0.05
MOST_REFUSALS = 3  # for want of room, one after the other, before a round ends


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
        self._left_bytes = 0.0  # what all files took after a round that could hardly free any of it

    def apply(self, settings: Settings) -> None:
        """Go on with other ages and another cap."""
        self._keeper.retention = settings.retention

    def stop(self) -> None:
        """Have a round that goes on end at its next step."""
        self._stopping.set()

    def look(self) -> None:
        """A round at once where the files outgrew the cap, and what the last one had to leave."""
        cap_bytes = self._keeper.retention.cap
        if taken_bytes(self._path) > max(cap_bytes, self._left_bytes + GROWN_SHARE * cap_bytes):
            self.step()

    def step(self) -> None:
        """One round of both; what fails is tried again the next time."""
        before_bytes, self._left_bytes = taken_bytes(self._path), 0.0
        is_whole = True
        for part in (self._roll_up, self._repair, self._retain, self._prune):
            # While rows of a damaged file are still being taken over, no hour can be summed up once more,
            # and no series is known to be without rows.
            if part in (self._repair, self._prune) and self._is_saving():
                continue
            try:
                part()
            except (CollectorError, *REFUSALS) as error:
                failure = classify(error)
                if failure == "corrupt":
                    self._writer.suspect()
                if not self._stopping.is_set():
                    name = part.__name__.strip("_")
                    self._failed.happened(time.monotonic(), part=name, error=str(error))
                if failure != "full" or part not in (self._roll_up, self._repair):
                    return
                is_whole = False  # what is rolled up already may go, and make the room for the rest
        if is_whole:
            self._failed.over()
            self._note_left(before_bytes)

    def _note_left(self, before_bytes: int) -> None:
        """A round that freed much may do so again: what came in the middle of it was not rolled up yet."""
        if before_bytes - taken_bytes(self._path) < GROWN_SHARE * self._keeper.retention.cap:
            self._left_bytes = before_bytes  # by now it may be more: then another round is due

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
        refusals = 0
        while not self._stopping.is_set() and (turn := self._keeper.turn(clock.now())) is not None:
            try:
                self._writer.ask(turn.name, turn.step, transaction=False).wait(STEP_SECONDS)
                refusals = 0
            except Trouble:  # the next is smaller, or another one
                refusals += 1
                if refusals == MOST_REFUSALS:
                    raise

    def _prune(self) -> None:
        """Series of which nothing is kept; in this thread, since a repair remembers their numbers."""
        now_ms = clock.now().wall_ms
        while not self._stopping.is_set() and self._ask("rollups.prune", partial(prune, now_ms=now_ms)):
            pass

    def _ask(self, name: str, step: Step) -> Any:
        try:
            return self._writer.ask(name, step, waits_for_room=False).wait(STEP_SECONDS)
        except Trouble:  # the log may not grow: it begins anew after a checkpoint
            self._writer.ask("checkpoint", wal.checkpoint, transaction=False).wait(STEP_SECONDS)
            return self._writer.ask(name, step, waits_for_room=False).wait(STEP_SECONDS)
