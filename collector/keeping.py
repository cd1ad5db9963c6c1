"""The upkeep of the record while it runs: what is due when, and what a new config changes of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from collector import log, recovering
from collector.looking import Looking
from collector.recovering import Recovering
from collector.refreshing import DIGEST_SECONDS, Refresher
from collector.store import upkeep
from collector.store.cache import CLEAN_SECONDS
from collector.tidying import LOOK_SECONDS, SECONDS, Tidying

if TYPE_CHECKING:
    from collector.hearing import Hearing
    from collector.intake.server import Tasks
    from collector.schedule import Schedule
    from collector.settings import Settings
    from collector.store.buffer import Buffer
    from collector.store.recovery.place import Place
    from collector.store.writer import Writer

logger = log.get_logger("daemon")


class Keeping:
    """All that is done to the file beside writing records into it. ``own_cost`` is what the log tells.

    ``settings`` are those at the start; `apply` hears of others.
    """

    def __init__(
        self,
        settings: Settings,
        writer: Writer,
        place: Place,
        buffer: Buffer,
        hearing: Hearing,
        own_cost: Callable[[], dict[str, Any]],
    ) -> None:
        self._writer, self._buffer, self._own_cost = writer, buffer, own_cost
        self.refresher = Refresher(writer, settings, lambda: buffer.counts().received)
        self.tidying = Tidying(writer, settings, lambda: place.is_saving)
        self.looking = Looking(writer, settings, hearing.alerts)
        self.recovering = Recovering(writer, place)
        hearing.others.append(self.looking.stored)

    def schedule(self, schedule: Schedule, settings: Settings) -> None:
        """Hand all of it to the scheduler."""
        schedule.upkeep("checkpoint", upkeep.CHECKPOINT_SECONDS, self._checkpoint)
        schedule.upkeep("digests", DIGEST_SECONDS, self.refresher.digests)
        schedule.upkeep("tidying", SECONDS, self.tidying.step)
        schedule.upkeep("cap", LOOK_SECONDS, self.tidying.look)
        schedule.upkeep("recovery", recovering.SECONDS, self.recovering.step)
        schedule.upkeep("cache", CLEAN_SECONDS, self.refresher.clean)
        self._schedule_set(schedule, settings)

    def apply(self, settings: Settings, schedule: Schedule) -> None:
        """Go on with other settings."""
        self.refresher.settings = settings
        self.tidying.apply(settings)
        self.looking.settings = settings
        self._schedule_set(schedule, settings)

    def tasks(self) -> Tasks:
        """What the socket has it do."""
        return {"cache": self.refresher.remember, "accept": self.looking.accept}

    def stop(self) -> None:
        """Have what goes on end at its next step."""
        self.refresher.stop()
        self.tidying.stop()
        self.looking.stop()
        self.recovering.stop()

    def _schedule_set(self, schedule: Schedule, settings: Settings) -> None:
        """What the config says how often."""
        schedule.upkeep("summary", settings.log.summary, self._summarise)
        schedule.upkeep("changes", settings.changes.every, self.looking.step)
        schedule.upkeep("summaries", settings.summaries.every, self.refresher.everything)

    def _checkpoint(self) -> None:
        self._writer.ask("checkpoint", upkeep.checkpoint, transaction=False)

    def _summarise(self) -> None:
        counts, flush_ms = self._buffer.counts(), self._writer.last_flush_ms
        logger.info(
            "samples.committed",
            committed=counts.committed,
            dropped=counts.dropped,
            queued=counts.queued,
            flush_ms=None if flush_ms is None else round(flush_ms, 2),
            **self._own_cost(),
        )
