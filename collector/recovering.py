"""What is left to do for the file beside recording: the rest of a check, rows to save, the ballast."""

from __future__ import annotations

import threading
import time
from contextlib import closing
from typing import TYPE_CHECKING, Any

from collector.errors import CollectorError
from collector.log import Folded, get_logger
from collector.orm import select
from collector.store.database import inode, open_reader, raw
from collector.store.failures import REFUSALS, classify
from collector.store.recovery import damage

if TYPE_CHECKING:
    from pathlib import Path

    from collector.orm import peewee
    from collector.store.asked import Step
    from collector.store.recovery.place import Place
    from collector.store.recovery.salvage import Carried
    from collector.store.writer import Writer

log = get_logger("recovery")

# So long may a set-aside file lie there before what it holds is saved; a look when all is well costs nothing.
SECONDS = 10.0
# Damage of pages that nobody reads is found by looking: so seldom that it costs a 10,000th of a processor.
LOOK_SHARE = 10_000
STEP_SECONDS = 30.0
# Longer than any file takes; the stop of the recorder ends it.
CHECK_SECONDS = 3600.0


class Recovering:
    """In the thread that the upkeep runs in; the writer only does its short steps."""

    def __init__(self, writer: Writer, place: Place) -> None:
        self._writer, self._place = writer, place
        self._stopping = threading.Event()
        self._failed = Folded(log, "recovery.failed")
        self._look_at = 0.0

    def stop(self) -> None:
        """Have what goes on end at its next step."""
        self._stopping.set()

    def step(self) -> None:
        """One round; what fails is tried again the next time."""
        for part in (self._place.room.take_on, self._check, self._save):
            try:
                part()
            except (CollectorError, OSError, *REFUSALS) as error:
                if classify(error) == "corrupt":
                    self._writer.suspect()
                if not self._stopping.is_set():
                    self._failed.happened(time.monotonic(), part=part.__name__.strip("_"), error=str(error))
                return
        self._failed.over()

    def _check(self) -> None:
        """All of a file: what was too large to be checked before the start, and now and then all of it."""
        began, worked_s = time.monotonic(), time.thread_time()
        if self._place.is_checked and began < self._look_at:
            return
        stands = self._stands()
        with closing(open_reader(self._place.path)) as database:
            found = damage.look(raw(database), CHECK_SECONDS, self._stopping.is_set)
        if stands != self._stands():
            return
        if found.damage is not None:
            log.error("recovery.damaged", found=found.damage)
            self._place.suspicion = found.damage
            self._writer.suspect()
        self._look_at = began + max(SECONDS / 2, LOOK_SHARE * (time.thread_time() - worked_s))
        self._place.is_checked = found.complete

    def _stands(self) -> tuple[object, ...]:
        """Another answer when another file stands there: what one holds says nothing about the next.

        The inode tells before the writer has noticed, the count where an inode is used again.
        """
        return self._place.recoveries, inode(self._place.path)

    def _save(self) -> None:
        """The rows of files that were set aside."""
        if not self._place.is_saving:
            return
        recoveries = self._place.recoveries
        with closing(open_reader(self._place.path)) as database:
            goes_on = select(database, "SELECT 1 FROM recoveries WHERE finished_ms IS NULL LIMIT 1")
            left = self._unfinished(database) if goes_on else []
        for lies in left:
            log.info("recovery.saving", file=lies.name)
            done = self._carry(lies)
            event = "recovery.saved" if done.is_finished else "recovery.interrupted"
            log.info(event, file=lies.name, rows=done.rows)
        if recoveries == self._place.recoveries:  # none that came meanwhile
            self._place.is_saving = self._stopping.is_set()

    # Loaded only where there is something to save: it is a megabyte that few recorders ever need.

    def _unfinished(self, database: peewee.SqliteDatabase) -> list[Path]:
        from collector.store.recovery import salvage  # noqa: PLC0415

        return salvage.unfinished(raw(database))

    def _carry(self, lies: Path) -> Carried:
        from collector.store.recovery import salvage  # noqa: PLC0415

        return salvage.carry(lies, self._ask, self._stopping.is_set)

    def _ask(self, name: str, step: Step) -> Any:
        return self._writer.ask(name, step).wait(STEP_SECONDS)
