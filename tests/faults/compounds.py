"""Faults on top of faults, in an order that hypothesis chooses and shortens when it breaks a promise."""

from __future__ import annotations

import errno
import time
from contextlib import closing, suppress
from typing import ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from collector.sqlite import sqlite3
from collector.store.database import file_size
from tests.faults.checker import judge
from tests.faults.ground import Ground
from tests.faults.old_record import save_the_rest
from tests.faults.pages import PAGE
from tests.faults.row import Round
from tests.faults.shim import Calls, Mode
from tests.faults.victim import Died

HOUR_MS = 3_600_000
JUMPS_MS = (-24 * HOUR_MS, -HOUR_MS, -60_000, -1000, 1000, 60_000, HOUR_MS, 24 * HOUR_MS)
INDEXES = (
    "SELECT rootpage FROM sqlite_master WHERE type = 'index' AND tbl_name IN"
    " ('skill_metrics', 'workload_runs', 'inference_metrics') ORDER BY rootpage"
)

running = precondition(lambda self: self.is_running and not self.is_full)
stopped = precondition(lambda self: not self.is_running)


class Compounds(RuleBasedStateMachine):
    """One daemon, one file. Damage is done to indexes alone, so that nothing whatever may be lost."""

    rounds: ClassVar[list[Round]] = []  # of all examples, for the table

    def __init__(self) -> None:
        super().__init__()
        self.ground = Ground("compounds").__enter__()
        self.victim, self.shim = self.ground.victim, self.ground.shim
        self.is_running = self.is_full = False
        self.slowest_s = 0.0
        self.steps = 0

    @stopped
    @rule()
    def start(self) -> None:
        """Without a fault."""
        self.steps += 1
        self.shim.off()
        self.victim.start(self.shim)
        self._again(self.ground.probe() - self.victim.started)

    @stopped
    @rule(n=st.integers(1, 150), half=st.booleans())
    def kill_in_start(self, n: int, half: bool) -> None:
        """SIGKILL at the Nth call of a start: of a recovery too, and of a set-aside, where one is due."""
        self.steps += 1
        self.shim.arm(Mode.KILL, Calls.ALL, n, half=half)
        with suppress(Died):
            self.victim.start(self.shim)
        self.victim.kill()
        self.shim.off()

    @stopped
    @rule(n=st.integers(1, 60), sync=st.booleans())
    def disk_full_in_start(self, n: int, sync: bool) -> None:
        """No space from the Nth write of a start on, for up to a second: it goes on by itself."""
        self.steps += 1
        self.shim.arm(
            Mode.ERROR, Calls.WRITE | (Calls.SYNC if sync else Calls(0)), n, ever=True, error=errno.ENOSPC
        )
        self.victim.start(self.shim, wait=False)
        is_ready = self._is_ready_in(1.0)
        self.shim.off()
        since = time.monotonic()
        if not is_ready:
            self.victim.wait_ready()
        self._again(self.ground.probe() - since)

    @running
    @rule(records=st.integers(1, 300))
    def load(self, records: int) -> None:
        """Some clients for a while."""
        self.steps += 1
        with self.ground.load(2):
            self.ground.ledger.wait_for_more(records)

    @running
    @rule(records=st.integers(1, 300))
    def kill(self, records: int) -> None:
        """SIGKILL under load."""
        self.steps += 1
        with self.ground.load(2):
            self.ground.ledger.wait_for_more(records)
            self.victim.kill()
        self.is_running = False

    @running
    @rule()
    def stop(self) -> None:
        """In order."""
        self.steps += 1
        status = self.victim.stop()
        self.is_running = False
        assert status == 0, self.victim.log_end()

    @running
    @rule()
    def disk_full(self) -> None:
        """No space for anything, from now on."""
        self.steps += 1
        self.shim.arm(Mode.ERROR, Calls.WRITE, 1, ever=True, error=errno.ENOSPC)
        self.is_full = True

    @precondition(lambda self: self.is_full)
    @rule(die=st.booleans())
    def disk_full_no_more(self, die: bool) -> None:
        """Space again; or a kill before that."""
        self.steps += 1
        self.is_full = False
        if die:
            self.victim.kill()
            self.is_running = False
        self.shim.off()
        if not die:
            self.ground.probe()

    @precondition(lambda self: not self.is_running and file_size(self.victim.database))
    @rule(number=st.integers(0, 20))
    def damage(self, number: int) -> None:
        """An index is zeros at its root; where a log has a newer version of it, that is no damage."""
        self.steps += 1
        path = self.victim.database
        with (
            suppress(sqlite3.DatabaseError),
            closing(sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)) as conn,
        ):
            pages = [page for (page,) in conn.execute(INDEXES)]
            if pages:
                with path.open("r+b") as file:
                    file.seek((pages[number % len(pages)] - 1) * PAGE)
                    file.write(bytes(PAGE))

    @running
    @rule()
    def delete(self) -> None:
        """The file, while it is open."""
        self.steps += 1
        self.victim.database.unlink()
        self.ground.probe()
        assert self.victim.database.exists()

    @rule(ms=st.sampled_from(JUMPS_MS))
    def jump(self, ms: int) -> None:
        """The wall clock is another one."""
        self.steps += 1
        self.shim.shift_clock(ms)

    def teardown(self) -> None:
        """All is well again, and the checker judges what is left."""
        try:
            if self.steps:
                self._judge()
        finally:
            self.ground.__exit__(None, None, None)

    def _judge(self) -> None:
        self.shim.off()
        if not self.is_running:
            self.victim.start(self.shim)
        self.ground.probe()
        counters = self.victim.counters()
        assert self.victim.stop() == 0, self.victim.log_end()
        save_the_rest(self.victim.database)
        verdict = judge(self.ground.ledger, [self.victim.database], counters)
        self.rounds.append(Round(verdict, self.slowest_s, {"steps": self.steps}))
        assert verdict.ok, verdict.sentence

    def _is_ready_in(self, seconds: float) -> bool:
        with suppress(TimeoutError):
            self.victim.wait_for(b"READY=1", seconds)
            return True
        return False

    def _again(self, seconds: float) -> None:
        self.is_running = True
        self.slowest_s = max(self.slowest_s, seconds)
