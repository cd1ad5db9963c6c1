"""Another program holds the database's lock, as a shell with an open transaction does."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from collector.client.line import Line
from collector.sqlite import sqlite3
from tests.faults.clients import as_json, made
from tests.faults.ground import Ground
from tests.faults.row import Round, fault
from tests.faults.unharmed import Harmed, check_stays_up, until

# How long, and in which way.
HOLDS = [(1.0, "IMMEDIATE"), (30.0, "EXCLUSIVE"), (300.0, "IMMEDIATE")]
# Held longer than this, 48 clients send more than may wait of them: 15,000 of the queue's 20,000 records.
LONG_SECONDS = 10.0
MANY, LARGE = 48, 1_000
NEARLY_FULL = 14_000


@fault("lock-holder", "another program holds the lock: 1 s, 30 s, 5 min", quick=1, full=len(HOLDS))
def run(ground: Ground, number: int) -> Round:
    """Samples wait, and clients until they are told busy; all of it is committed afterwards."""
    seconds, way = HOLDS[number % len(HOLDS)]
    is_long = seconds > LONG_SECONDS
    ground.victim.start()
    pid = ground.victim.running.pid
    load = ground.load(MANY, longest=LARGE, answer_seconds=seconds + 60) if is_long else ground.load()
    with load:
        ground.ledger.wait_for(acknowledged=1)
        with locked(ground.victim.database, way):
            ends = time.monotonic() + seconds
            busy_s = told_busy(ground) if is_long else 0.0
            threading.Event().wait(ends - time.monotonic())  # how long it lasts is the test
            counters = ground.victim.counters()
        released = time.monotonic()
        load.stopping.set()
        recovery_s = ground.probe() - released
    check_stays_up(ground, pid)
    if not counters["queued"] or ground.victim.counters()["dropped"]:
        raise Harmed(f"under the lock: {counters}, after it: {ground.victim.counters()}")
    figures = {"most queued": counters["queued"], "busy after s": round(busy_s, 1)}
    return Round(ground.judge(), recovery_s, figures)


@contextmanager
def locked(database: Path, way: str) -> Iterator[None]:
    """A transaction of another connection that may write, begun as ``way`` and never used."""
    with closing(sqlite3.connect(database, isolation_level=None, timeout=30)) as conn:
        conn.execute(f"BEGIN {way}")
        yield
        conn.execute("ROLLBACK")


def told_busy(ground: Ground) -> float:
    """Once the queue is full, a client that sends more is told so, not left alone; after how many seconds."""
    until(lambda: ground.victim.counters()["queued"] > NEARLY_FULL, "a full queue")
    batch = ground.ledger.sent(made("one-more", 1, LARGE))
    began = time.monotonic()
    with Line(ground.victim.socket, 30) as line:
        ground.ledger.attempted(batch)
        answer = line.ask([as_json(record) for record in batch.records])
    ground.ledger.answered(batch, answer)
    if answer.get("result") != "busy":
        raise Harmed(f"the queue is full, and a client is told {answer}")
    return time.monotonic() - began
