"""Another program reads in one transaction for long, so that the log cannot begin anew."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from collector.sqlite import sqlite3
from collector.store.database import file_size, shm_path, wal_path
from tests.faults.checker import Verdict
from tests.faults.ground import Ground
from tests.faults.row import Round, fault
from tests.faults.unharmed import check_stays_up, until

STRETCH_SECONDS = 2.0
CUT_BYTES = 16 << 20  # journal_size_limit
# Where the log's index says how many frames of the log are in use; see "WAL-Index Format" at sqlite.org.
FRAMES_AT, FRAMES_BYTES = 16, 4


@fault("long-reader", "a reader's transaction for 2 s a round, under load", quick=1, full=30, whole=True)
def run(ground: Ground, count: int) -> Iterator[Round]:
    """One transaction from the first round to the last; then the log begins anew and is cut."""
    ground.victim.start()
    pid, slowest_s = ground.victim.running.pid, 0.0
    log = wal_path(ground.victim.database)
    with ground.load(batches_per_s=50):
        ground.ledger.wait_for(acknowledged=1)
        with reading(ground.victim.database):
            for _ in ground.numbers(count):
                slowest_s = max(slowest_s, slowest_commit_s(ground, STRETCH_SECONDS))
                yield Round(Verdict())
            largest, frames = file_size(log), frames_used(ground.victim.database)
        ends = time.monotonic()
        until(
            lambda: frames_used(ground.victim.database) < frames and file_size(log) <= CUT_BYTES, "a cut log"
        )
        cut_s = time.monotonic() - ends
        recovery_s = ground.probe() - ends
    check_stays_up(ground, pid)
    figures = {"largest WAL MB": round(largest / 1e6, 1), "slowest commit s": round(slowest_s, 3),
               "cut after s": round(cut_s, 3)}  # fmt: skip
    yield Round(ground.judge(), recovery_s, figures, is_sum=True)


@contextmanager
def reading(database: Path) -> Iterator[None]:
    """A transaction that has read one row."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, isolation_level=None)) as conn:
        conn.execute("BEGIN")
        conn.execute("SELECT count(*) FROM recorder_sessions").fetchall()
        yield
        conn.execute("COMMIT")


def slowest_commit_s(ground: Ground, seconds: float) -> float:
    """Send batch after batch for so long; how long the slowest waited for its answer."""
    slowest_s, ends = 0.0, time.monotonic() + seconds
    while (began := time.monotonic()) < ends:
        slowest_s = max(slowest_s, ground.probe() - began)
    return slowest_s


def frames_used(database: Path) -> int:
    """How many pages the write-ahead log holds since it last began anew."""
    with shm_path(database).open("rb") as index:
        index.seek(FRAMES_AT)
        return int.from_bytes(index.read(FRAMES_BYTES), sys.byteorder)
