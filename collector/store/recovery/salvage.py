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
from typing import TYPE_CHECKING, Any, Literal

from collector import clock
from collector.log import get_logger
from collector.records.recovery import LONGEST_DETAIL
from collector.sqlite import sqlite3
from collector.store.database import file_size, open_reader, raw, wal_path
from collector.store.recovery import progress as stored
from collector.store.recovery.again import marks
from collector.store.recovery.days import days
from collector.store.recovery.first import First
from collector.store.recovery.progress import Progress, Salvage
from collector.store.recovery.reading import Lying, is_damage
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


def carry(aside: Path, ask: Ask, stopping: Callable[[], bool]) -> int:
    """Take over what is left of one of them, until ``stopping`` says so; how many rows were saved.

    It goes on where it was, whatever happened to the process that was at it. A file that is gone ends it.
    Raises what the steps raise, and what reading raises for anything but damage.
    """
    salvage = ask("salvage.look", partial(stored.load, aside=aside.name))
    if salvage is None:
        return 0
    if not aside.exists():
        _finish(salvage, ask, "; the file was moved away before all of it was taken over")
        return 0
    try:
        with Lying(aside) as lying:
            return _Carrying(aside, lying, salvage, ask, stopping).carry()
    except sqlite3.Error as error:
        if not is_damage(error):
            raise
        _finish(salvage, ask, f"; no table of it can be read ({error})")
        return 0


class _Carrying:
    """The rest of one file."""

    def __init__(
        self, aside: Path, lying: Lying, salvage: Salvage, ask: Ask, stopping: Callable[[], bool]
    ) -> None:
        self._aside, self._lying, self._salvage = aside, lying, salvage
        self._ask, self._stopping = ask, stopping
        self._dose = Dose(FEWEST_ROWS, MOST_ROWS, AIM_MS)
        self._saved = 0

    def carry(self) -> int:
        """All walks, then what follows from all of them."""
        is_whole, is_known = self._lying.is_schema_whole(), False
        for walk in walks():
            known = self._lying.of(walk)
            is_known |= known is not None
            if known is None:
                self._without(walk, is_lost=not is_whole)
            elif not self._walk(known):
                return self._saved
        self._mark()
        _finish(self._salvage, self._ask, "" if is_known else "; none of its tables can be found")
        return self._saved

    def _walk(self, walk: Walk) -> bool:
        """Whether it is through."""
        through = self._salvage.progress.of(walk)
        while through.left:
            if self._stopping():
                self._ask("salvage.stop", partial(stored.save, salvage=self._salvage, saved=0))
                return False
            span = through.left.pop()
            portion = self._lying.read(walk, span, self._dose.count)
            through.left += portion.left
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

    def _without(self, walk: Walk, *, is_lost: bool) -> None:
        """The file has no such table, or none that is known of."""
        through = self._salvage.progress.of(walk)
        if through.left and is_lost:
            through.stretches += 1
        through.left = []

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


def _finish(salvage: Salvage, ask: Ask, more: str = "") -> None:
    now_ms = clock.now().wall_ms
    ask("salvage.finish", partial(stored.finish, salvage=salvage, now_ms=now_ms, more=more))
    log.info("salvage.finished", recovery=salvage.number, lost=salvage.progress.lost(), more=more or None)
