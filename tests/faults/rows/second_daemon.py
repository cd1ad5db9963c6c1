"""A database has one recorder: a second one goes away, and what a dead one left behind stops nobody."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

from collector.store.lock import lock_path
from tests.faults.ground import Ground
from tests.faults.row import Round, fault
from tests.faults.victim import Died, Victim

BARS = {"second one's end, s": 2}
SESSIONS = "SELECT pid FROM recorder_sessions"


@fault("second-daemon", "a second one on the same database", quick=1, full=20, bars=BARS)
def second(ground: Ground, number: int) -> Round:
    """It names the first, unless the lock file has become garbage, and the first goes on."""
    ground.victim.start()
    with ground.load(batches_per_s=50), rival_of(ground) as rival:
        ground.ledger.wait_for(acknowledged=1)
        if is_garbled := number % 4 == 3:
            lock_path(ground.victim.database).write_bytes(ground.random.randbytes(100))
        rival.start(wait=False)
        rival.wait_end()
        took_s = time.monotonic() - rival.started
        refused(rival, "another process" if is_garbled else f"process {ground.victim.running.pid}")
        ground.ledger.wait_for_more(1)
    assert len(ground.victim.rows(SESSIONS)) == 1, "both have recorded"
    return Round(ground.judge(), figures={"second one's end, s": took_s})


@fault("two-at-once", "two are started at the same moment", quick=1, full=20)
def at_once(ground: Ground, _: int) -> Round:
    """One of them records, and the other one names it."""
    with rival_of(ground) as rival:
        for each in (ground.victim, rival):
            each.start(wait=False)
        first, loser = winner(ground.victim, rival)
        loser.wait_end()
        refused(loser, f"process {first.running.pid}")
        ground.victim = first
        with ground.load():
            ground.ledger.wait_for(acknowledged=100)
        assert ground.victim.rows(SESSIONS) == [(first.running.pid,)], "both have recorded"
        return Round(ground.judge())


@fault("stale-lock", "a lock file of a dead one, or garbage", quick=1, full=24)
def stale(ground: Ground, number: int) -> Round:
    """The name in it is that of some other process by now, or no name at all."""
    ground.victim.start()
    with ground.load():
        ground.ledger.wait_for(acknowledged=1)
        ground.victim.kill()
        left = json.loads(lock_path(ground.victim.database).read_bytes())
        lies: tuple[bytes, ...] = (
            json.dumps([os.getpid(), *left[1:]]).encode(),
            ground.random.randbytes(1 << 20),
            b"",
            b'["all", {"of": "this"}, null]',
            b"4242\n",
            json.dumps([-1, 1 << 70, *left[2:]]).encode(),
        )
        lock_path(ground.victim.database).write_bytes(lies[number % len(lies)])
        recovery_s = ground.recover()
    return Round(ground.judge(), recovery_s)


@contextmanager
def rival_of(ground: Ground) -> Iterator[Victim]:
    """Another daemon, not yet started, with a socket of its own on the same database."""
    own = ground.folder / "rival"
    own.mkdir(mode=0o700)
    rival = Victim(ground.data, own)
    try:
        yield rival
    finally:
        rival.close()


def winner(one: Victim, other: Victim) -> tuple[Victim, Victim]:
    """The one of two that gets ready, then the one that does not."""
    try:
        one.wait_ready()
    except Died:
        other.wait_ready()
        return other, one
    return one, other


def refused(loser: Victim, name: str) -> None:
    """It ended as one that was in the way, in one sentence with a name."""
    said = loser.log.read_text()
    assert (loser.running.returncode, name in said) == (1, True), f"not refused because of {name}: {said}"
    assert "Traceback" not in said, said
