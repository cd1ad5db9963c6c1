"""Looks for changes while the recorder runs: what the scheduler calls, and the socket's task ``accept``.

Nothing of the looking itself is loaded before a record comes in that could show a change.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from collector import clock
from collector.errors import CollectorError, DatabaseError
from collector.intake.changes import MOST_WAITING, Reply, Words, busy
from collector.log import get_logger
from collector.records.base import KINDS_BY_MODEL
from collector.records.benchmark import BenchmarkRun
from collector.records.inference import Inference
from collector.records.operation import Operation
from collector.records.run import Run
from collector.records.skill import Skill
from collector.store import found
from collector.store.database import open_reader, told
from collector.store.failures import classify

if TYPE_CHECKING:
    import msgspec

    from collector.alerts import Alerts
    from collector.answers.changes import Look
    from collector.answers.subjects import News, Subject
    from collector.orm import peewee
    from collector.settings import Settings
    from collector.store.writer import Writer

log = get_logger("changes")

STEP_SECONDS = 30.0
# Subjects between two steps of the writer.
AT_ONCE = 20
# Nobody tells of rows that did not come through the buffer: so often it is looked all the same.
LOOK_ANYWAY_SECONDS = 600.0

_SHOWS = frozenset(KINDS_BY_MODEL[model].struct for model in (Run, Operation, Inference, Skill, BenchmarkRun))


class Looking:
    """``settings`` are those in force now; ``alerts`` hears of each change that became sure."""

    def __init__(self, writer: Writer, settings: Settings, alerts: Alerts) -> None:
        self.settings = settings
        self._writer = writer
        self._alerts = alerts
        self._stopping = threading.Event()
        self._room = threading.BoundedSemaphore(MOST_WAITING)
        self._has_news = True  # whatever came in while no recorder ran
        self._look_anyway_at = 0.0
        # Subjects that are told by stretches, when the next one is over (ms), and which have news until then.
        self._due_ms: dict[Subject, int] = {}
        self._later: set[Subject] = set()

    def stop(self) -> None:
        """Have a look that goes on end before its next subjects."""
        self._stopping.set()

    def stored(self, records: Sequence[msgspec.Struct]) -> None:
        """Hear what was committed; the writer's hook."""
        if not self._has_news:
            self._has_news = any(type(record) in _SHOWS for record in records)

    def step(self) -> bool:
        """Look at what came in since the last time; False, and no database is opened, where nothing did."""
        now_ms, monotonic = clock.now().wall_ms, time.monotonic()
        is_due = any(self._due_ms.get(subject, 0) <= now_ms for subject in self._later)
        if not (self._has_news or is_due or monotonic >= self._look_anyway_at):
            return False
        self._has_news, self._look_anyway_at = False, monotonic + LOOK_ANYWAY_SECONDS
        try:
            with told(self.settings.database):
                self._over_a_reader(now_ms)
        except CollectorError as error:
            self._has_news = True
            log.warning("changes.failed", error=str(error))
            if classify(error) == "corrupt":
                self._writer.suspect()
        return True

    def _over_a_reader(self, now_ms: int) -> None:
        from collector.answers import looked_at  # noqa: PLC0415  # costs the daemon memory only where it is needed

        database = open_reader(self.settings.database)
        # Given back with the connection; until then it should stay small.
        database.pragma("cache_size", -1024)
        try:
            if news := looked_at.unseen(database):
                self._look(database, news, now_ms)
            elif self._later:
                self._look(database, [], now_ms)
            self._end_alerts(database, now_ms)
        finally:
            database.close()

    def _look(self, database: peewee.SqliteDatabase, news: list[News], now_ms: int) -> None:
        """Look at all that is due, some subjects at a time; then it has come as far as ``news``."""
        from collector.answers import changes, looked_at  # noqa: PLC0415  # as above

        began = time.perf_counter()
        subjects, count = self._wanted(database, news, now_ms), 0
        floor = self.settings.changes.floor_percent / 100
        for part in _parts(subjects):
            if self._stopping.is_set():
                return
            look = changes.look(database, part, floor, now_ms)
            self._keep(look, looked_at.seen(look.looked, now_ms), now_ms)
            self._note_due(look, now_ms)
            count += len(part)
        self._ask("changes.looked", found.keep([], looked_at.ends(news, now_ms)))
        log.debug("changes.looked", subjects=count, ms=round((time.perf_counter() - began) * 1000, 1))

    def _wanted(self, database: peewee.SqliteDatabase, news: list[News], now_ms: int) -> list[Subject]:
        """The subjects of new rows; one that is told by stretches only once another one is over."""
        from collector.answers.subjects import of_news  # noqa: PLC0415  # as above

        subjects = self._later.union(*(of_news(database, one) for one in news))
        self._later = {subject for subject in subjects if self._due_ms.get(subject, 0) > now_ms}
        return sorted(subjects - self._later, key=lambda subject: (subject.kind, subject.name))

    def _note_due(self, look: Look, now_ms: int) -> None:
        self._due_ms = {subject: ms for subject, ms in self._due_ms.items() if ms > now_ms}
        for one in look.looked:
            if step_ms := one.loaded.step_ms:
                self._due_ms[one.subject] = now_ms - now_ms % step_ms + step_ms

    def _keep(self, look: Look, seen: dict[str, found.Position], now_ms: int) -> None:
        """Store what was found; that somebody is told of it stands in the same transaction."""
        for row in look.confirmed:
            row["told_ms"] = now_ms
        numbers = self._ask("changes.keep", found.keep(look.rows, seen))
        for row, number in zip(look.rows, numbers, strict=True):
            row["id"] = number
        for row in look.confirmed:
            self._tell(row, now_ms)

    def _tell(self, row: found.Row, now_ms: int) -> None:
        from collector.answers import told_changes  # noqa: PLC0415  # as above

        details = told_changes.for_alert(row)
        self._alerts.changed(
            row["subject_kind"],
            row["subject"],
            told_changes.direction(row),
            row["timestamp"],
            details,
            now_ms,
        )

    def _end_alerts(self, database: peewee.SqliteDatabase, now_ms: int) -> None:
        """Tell the end of what stands by changes that are gone by now or were accepted, by whomever."""
        from collector.answers import change_rows, told_changes  # noqa: PLC0415  # as above

        for one in self._alerts.by_changes():
            rows = change_rows.told_since(database, one.first_id)
            if "slower" not in told_changes.standing(rows):
                is_accepted = any(row["state"] == "accepted" for row in rows)
                self._alerts.ended(one, "accepted" if is_accepted else "gone", now_ms)

    def accept(self, words: Words, reply: Reply) -> None:
        """The socket's task ``accept``: ``{"ask": "accept", "id": 12, "note": "why"}``.

        Called in the server's thread; replies after the commit, from the writer's.
        """
        try:
            number, note = found.asked(words)
        except ValueError as error:
            reply({"result": "rejected", "reason": str(error)})
            return
        if self._room.acquire(blocking=False):
            step = found.accept(number, note, clock.now().wall_ms)
            self._writer.ask("changes.accept", step, then=partial(self._settle, reply))
        else:
            reply(busy(f"{MOST_WAITING} wait already"))

    def _settle(self, reply: Reply, fault: Any, error: BaseException | None) -> None:
        self._room.release()
        if error is None:
            self._has_news = True  # what was told of it ends with the next look
            reply({"result": "rejected", "reason": fault} if fault else {"result": "committed"})
        elif isinstance(error, DatabaseError):
            reply({"result": "rejected", "reason": str(error)})
        else:  # the writer has stopped
            reply(busy(str(error)))

    def _ask(self, name: str, step: Callable[[Any], Any]) -> Any:
        return self._writer.ask(name, step).wait(STEP_SECONDS)


def _parts(subjects: Sequence[Subject]) -> Iterator[Sequence[Subject]]:
    for start in range(0, len(subjects), AT_ONCE):
        yield subjects[start : start + AT_ONCE]
