"""Workloads whose processes try to get away from them: by a session of their own, or by a dead parent."""

from __future__ import annotations

from tests.faults.ground import Ground
from tests.faults.marked import GONE_BAR, Marked
from tests.faults.row import Round, fault
from tests.faults.victim import SAMPLING

TIMEOUT_S = 1.0
# What is run, and how many processes there are of it for a while.
ESCAPES = (
    ("setsid sleep 300 & (sleep 300 &) & (setsid sh -c 'sleep 300 & wait' &) & sleep 300", 5),
    ("setsid sh -c 'trap \"\" TERM; sleep 300 & sleep 300' & sleep 300", 4),
    ("(setsid sh -c '(setsid sleep 300 &) & exec sleep 300' > /dev/null 2>&1 < /dev/null &) & sleep 0.5", 2),
    ("trap '' TERM HUP; for n in 1 2 3 4 5 6 7 8 9; do (setsid nohup sleep 300 &) done; sleep 300", 10),
)


@fault("escapees", "setsid and double forks out of a workload", quick=1, full=20, bars=GONE_BAR)
def run(ground: Ground, number: int) -> Round:
    """All of them are gone three seconds after the time-out, and none is left at the end."""
    script, count = ESCAPES[number % len(ESCAPES)]
    with Marked(ground) as mark:
        ground.victim.configure(SAMPLING + mark.workload("escapes", ["sh", "-c", script], TIMEOUT_S))
        ground.victim.start()
        with ground.load(batches_per_s=20):
            mark.begun_once(SAMPLING, count)
            gone_ms = mark.wait_gone()
        verdict = ground.judge()
        mark.none_is_left()
    late_s = mark.late_s(gone_ms, TIMEOUT_S)
    return Round(verdict, None, {"gone after the time-out, s": late_s})
