"""A database has one recorder: a second one goes away, and what a dead one left behind stops nobody."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tests.faults.ground import Ground
from tests.faults.row import Round, fault
from tests.faults.victim import Died, Victim

SESSIONS = "SELECT pid FROM recorder_sessions"


@fault("second-daemon", "a second one on the same database", quick=1, full=20)
def second(ground: Ground, _: int) -> Round:
    """It names the first, which goes on."""
    ground.victim.start()
    with ground.load(), rival_of(ground) as rival:
        ground.ledger.wait_for(acknowledged=1)
        rival.start(wait=False)
        status = rival.wait_end()
        took_s = time.monotonic() - rival.started
        refused(ground.victim, rival, status)
        ground.ledger.wait_for_more(1)
    assert len(ground.victim.rows(SESSIONS)) == 1, "both have recorded"
    return Round(ground.judge(), figures={"its end, s": took_s})


@fault("two-at-once", "two are started at the same moment", quick=1, full=20)
def at_once(ground: Ground, _: int) -> Round:
    """Whichever is first records; the other one names it."""
    with rival_of(ground) as rival:
        ground.victim.start(wait=False)
        rival.start(wait=False)
        both = {ground.victim: rival, rival: ground.victim}
        first = next(each for each, other in both.items() if is_ready(each, other))
        loser = both[first]
        refused(first, loser, loser.wait_end())
        ground.victim, ground.load_at = first, first.socket
        assert ground.victim.rows(SESSIONS) == [(first.running.pid,)], "both have recorded"
        recovery_s = ground.probe() - first.started
        return Round(ground.judge(), recovery_s)
