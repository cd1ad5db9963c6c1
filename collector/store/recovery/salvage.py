"""What can be read of a damaged database is taken over into the new one, while recording goes on.

`begin` is a step of the writer, before anything new is recorded; `carry` brings the rest, in a thread of the
upkeep. Until that is through, rollups hold what they held and new rows are added to them, but an hour must
not be rolled up once more, nor may series be pruned: not all rows are there.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from collector import clock
from collector.log import get_logger
from collector.records.recovery import LONGEST_DETAIL
from collector.store.database import file_size, open_reader, raw, wal_path
from collector.store.failures import classify
from collector.store.recovery import progress as stored
from collector.store.recovery.again import marks
from collector.store.recovery.damage import shortened
from collector.store.recovery.days import days
from collector.store.recovery.first import First
from collector.store.recovery.opening import Unread
from collector.store.recovery.progress import Progress, Salvage
from collector.store.recovery.reading import Lying
from collector.store.recovery.spans import Portion
from collector.store.recovery.taking import Taken, take
from collector.store.recovery.walks import Walk, walks
from collector.store.retention.dose import Dose
from collector.store.retention.sizes import SET_ASIDE

if TYPE_CHECKING:
    from collector.sqlite import sqlite3 as sqlite

Reason = Literal["damaged", "deleted", "replaced"]
Step = Callable[["sqlite.Connection"], Any]
# Has the writer do a step, and gives its result.
Ask = Callable[[str, Step], Any]

log = get_logger("salvage")

FEWEST_ROWS, MOST_ROWS = 10, 500  # a step
AIM_MS = 8.0
# So often the disk may fail to give a part of a file, in rounds of the upkeep, before that part is lost.
MOST_FAILURES = 3


class Carried(NamedTuple):
    """``rows`` of a file are saved in all, those of `begin` included; ``is_finished``: no more will be."""

    rows: int
    is_finished: bool


def begin(conn: sqlite.Connection, aside: Path | None, reason: Reason, detail: str, now_ms: int) -> None:
    """Note what happened, and take over what must be there first; a step in a transaction of the caller.

    Only what was set aside as damaged is taken over: what somebody has replaced is so by intent. Raises
    what storing raises; a file that cannot be read is left to `carry`.
    """
    progress = Progress()
    first = First(conn, progress, now_ms)
    goes_on = reason == "damaged" and aside is not None
    if goes_on and aside is not None:
        first.take(aside)
        detail = shortened(detail)
    conn.execute(
        "INSERT INTO recoveries (timestamp, reason, detail, aside, aside_bytes, rows_saved, finished_ms,"
        " progress) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            now_ms, reason, detail[:LONGEST_DETAIL], aside.name if aside else "",
            file_size(aside) + file_size(wal_path(aside)) if aside else 0,
            first.saved, None if goes_on else now_ms, stored.dumped(progress) if goes_on else None,
        ),
    )  # fmt: skip


def unfinished(conn: sqlite.Connection) -> list[Path]:
    """The files of which not all is taken over yet, the newest first; some may have been moved away since."""
    path = next(Path(row[2]) for row in conn.execute("PRAGMA database_list") if row[1] == "main")
    sql = "SELECT aside FROM recoveries WHERE finished_ms IS NULL ORDER BY id DESC"
    return [path.with_name(name) for (name,) in conn.execute(sql)]


def carry(aside: Path, ask: Ask, stopping: Callable[[], bool]) -> Carried:
    """Take over what is left of one of them, until ``stopping`` says so.

    It goes on where it was, whatever happened to the process that was at it. A file that is gone ends it.
    Raises what the steps raise, and Unread for what another try may read.
    """
    salvage = ask("salvage.look", partial(stored.load, aside=aside.name))
    if salvage is None:
        return Carried(0, is_finished=True)
    if not aside.exists():
        return _give_up(salvage, ask, "the file was moved away before all of it was taken over")
    gives_up = salvage.progress.failures >= MOST_FAILURES - 1
    try:
        with Lying(aside, gives_up=gives_up) as lying:
            return _Carrying(aside, lying, salvage, ask, stopping).carry()
    except Unread as error:
        if not error.passes:
            return _give_up(salvage, ask, f"no table of it can be read ({error.__cause__})")
        if classify(error) != "busy":
            salvage.progress.failures += 1
            ask("salvage.stop", partial(stored.save, salvage=salvage, saved=0))
        raise


class _Carrying:
    """The rest of one file."""

    def __init__(
        self, aside: Path, lying: Lying, salvage: Salvage, ask: Ask, stopping: Callable[[], bool]
    ) -> None:
        self._aside, self._lying, self._salvage = aside, lying, salvage
        self._ask, self._stopping = ask, stopping
        self._dose = Dose(FEWEST_ROWS, MOST_ROWS, AIM_MS)
        self._saved = salvage.saved

    def carry(self) -> Carried:
        """All walks, then what follows from all of them."""
        found = [(walk, self._lying.of(walk)) for walk in walks()]
        is_known = any(known is not None for _, known in found)
        is_whole = is_known and self._lying.is_schema_whole()
        for walk, known in found:
            if known is None:
                self._salvage.progress.of(walk).end(is_lost=not is_whole)
            elif not self._walk(known):
                return Carried(self._saved, is_finished=False)
        self._mark()
        _finish(self._salvage, self._ask, "" if is_known else "none of its tables can be found")
        return Carried(self._saved, is_finished=True)

    def _walk(self, walk: Walk) -> bool:
        """Whether it is through."""
        through = self._salvage.progress.of(walk)
        while through.left:
            if self._stopping():
                self._ask("salvage.stop", partial(stored.save, salvage=self._salvage, saved=0))
                return False
            span = through.left[-1]
            portion = self._lying.read(walk, span, self._dose.count)
            through.left[-1:] = portion.left
            through.refused += portion.refused
            if portion.lost:
                self._salvage.progress.lose(walk, span)
            if portion.rows:
                self._store(walk, portion)
        return True

    def _store(self, walk: Walk, portion: Portion) -> None:
        through = self._salvage.progress.of(walk)
        refused_before = through.refused

        def step(conn: sqlite.Connection) -> tuple[Taken, float]:
            began = time.perf_counter()
            taken = take(conn, walk, portion.rows, self._salvage.progress)
            through.refused = refused_before + taken.refused  # the writer may have to do this twice
            stored.save(conn, self._salvage, taken.saved)
            return taken, (time.perf_counter() - began) * 1000

        taken, took_ms = self._ask("salvage.rows", step)
        self._dose.took(took_ms, len(portion.rows))
        self._saved += taken.saved

    def _mark(self) -> None:
        database = open_reader(self._aside.with_name(self._aside.name.rpartition(SET_ASIDE)[0]))
        database.pragma("cache_size", -1024)
        try:
            conn = raw(database)
            steps = [*days(conn, self._salvage.progress), *marks(conn, self._salvage.progress)]
        finally:
            database.close()
        for step in steps:
            self._ask("salvage.rollups", step)


def _give_up(salvage: Salvage, ask: Ask, why: str) -> Carried:
    """Whatever is left is lost."""
    for walk in walks():
        salvage.progress.of(walk).end(is_lost=True)
    _finish(salvage, ask, why)
    return Carried(salvage.saved, is_finished=True)


def _finish(salvage: Salvage, ask: Ask, more: str = "") -> None:
    now_ms = clock.now().wall_ms
    ask("salvage.finish", partial(stored.finish, salvage=salvage, now_ms=now_ms, more=more))
    log.info("salvage.finished", recovery=salvage.number, lost=salvage.progress.lost(), more=more or None)
