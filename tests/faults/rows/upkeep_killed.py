"""SIGKILL at the Nth call while rows are rolled up, hours are repaired, and what is old is deleted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

from collector import clock
from collector.records.base import KINDS
from collector.store.changes import Delete, Update, Where, apply
from collector.store.database import transaction
from collector.store.rollups.tiers import FIVE_MINUTES, HOUR
from tests.answers.made import DAY, Made
from tests.answers.made import HOUR as HOUR_MS
from tests.faults.ground import Ground
from tests.faults.inside import Inside
from tests.faults.killing import kills
from tests.faults.ledger import Sent
from tests.faults.old_record import unknown
from tests.faults.photo import of_now
from tests.faults.rolled import assert_finished, assert_sound, roll_up
from tests.faults.row import ALL_ROUNDS, Round, fault
from tests.store.rollups.world import disk, sensor, skill

DAYS = 3
OTHER_FIGURE = 7  # of each skill that is prepared
ROWS_S = 86_400
KEPT_S = {FIVE_MINUTES: 86_400, HOUR: 2 * 86_400}
# No samples but those that are prepared.
CONFIG = f"""
[sampling]
every = "1d"
off = ["disk", "sensor"]
[retention]
samples = "{ROWS_S}s"
runs = "{ROWS_S}s"
reported = "{ROWS_S}s"
five_minutes = "{KEPT_S[FIVE_MINUTES]}s"
hours = "{KEPT_S[HOUR]}s"
"""
# What the main thread waits in is the daemon.
_FIND = """
import sys, threading
frame = sys._current_frames()[threading.main_thread().ident]
while type(frame.f_locals.get("self")).__name__ != "Daemon":
    frame = frame.f_back
daemon = frame.f_locals["self"]
for name in ("tidying", "recovery"):  # which may be due this second
    daemon.schedule._scheduler.pause_job(f"upkeep:{name}")
daemon.keeping.recovering.step()  # no hour is repaired before it has looked
"""
_TIDY = "daemon.keeping.tidying.step()"


class Tidied:
    """One round of the upkeep, in the daemon, as it runs each five minutes."""

    name = "upkeep"

    def prepare(self, ground: Ground) -> None:
        """A record of some days, the first half rolled up, and changed since; and a daemon on it."""
        fill(ground)
        self._before = of_now(ground)
        ground.victim.configure(CONFIG)
        self._inside = Inside(ground.own)
        ground.victim.start(ground.shim, environment=self._inside.environment())
        ground.probe()
        self._inside.do(_FIND)

    def run(self, ground: Ground) -> int:
        """The shim counts from here on."""
        with self._inside as inside, suppress(RuntimeError, ConnectionError):  # it was killed
            inside.do(_TIDY)
            ground.shim.off()
            ground.victim.kill()
            return 0
        return ground.victim.wait_end()

    def judged(self, ground: Ground, *, killed: bool) -> Round:
        """What is there is right; a daemon that goes on does the rest."""
        self._look(ground, finished=not killed)
        again = ground.own / "again"
        again.mkdir()
        with Inside(again) as inside:
            ground.victim.start(environment=inside.environment())
            recovery_s = ground.probe() - ground.victim.started
            inside.do(_FIND)
            inside.do(_TIDY)
        failed = ground.victim.events("upkeep.failed")
        assert not failed, f"the upkeep failed: {failed[0]}"
        verdict = ground.judge()
        self._look(ground, finished=True)
        return Round(verdict, recovery_s)

    def _look(self, ground: Ground, *, finished: bool) -> None:
        photo, now_ms = of_now(ground), clock.now().wall_ms
        assert not photo.unsound, f"unsound: {photo.unsound}"
        assert_sound(self._before, photo, KEPT_S, ROWS_S, now_ms)
        if finished:
            assert_finished(photo, KEPT_S, ROWS_S, now_ms)


def fill(ground: Ground) -> None:
    """A row of three kinds each two hours, never near to an age at which something goes."""
    now_ms = clock.now().wall_ms
    moments = range(now_ms - DAYS * DAY + HOUR_MS, now_ms, 2 * HOUR_MS)
    made = Made(ground.victim.database, now_ms)
    try:
        for n, moment in enumerate(moments):
            made.add(disk(moment, value=n + 0.5), sensor(moment, 40.0 + n, on_mains=n % 2 == 0))
            sent = Sent("skill", f"old/{n}", "old", n, OTHER_FIGURE)
            unknown([sent], ground.ledger)  # an old one may go
            made.add(skill(moment, "ab"[n % 2], float(n), record_id=sent.id))
            if n == len(moments) // 2:
                roll_up(made.conn, now_ms)
        change(made, moments)
    finally:
        made.close()


def change(made: Made, moments: range) -> None:
    """An application changes a row and takes one back, of hours that are rolled up already."""
    kind = KINDS["skill"]
    one, other = (
        Where(kind, {}, moment, moment + 1) for moment in (moments[3], moments[-len(moments) // 2 - 3])
    )
    with transaction(made.conn):
        apply([Update(one, {"execution_ms": 99.0}), Delete(other)])(made.conn)


@fault("upkeep-killed", "SIGKILL at the Nth call of upkeep", quick=1, full=ALL_ROUNDS, whole=True)
def run(ground: Ground, count: int) -> Iterator[Round]:
    """Rollups, repairs and retention in one go."""
    return kills(ground, count, [Tidied()], usual=200)
