"""Something is raised in the writer's thread that nobody foresaw, or the thread is gone altogether."""

from __future__ import annotations

import time

from tests.faults.ground import Ground
from tests.faults.inside import Inside
from tests.faults.row import Round, fault
from tests.faults.watched import END_BAR, PATIENT, ends, hangs

# Once, at a place that is come to in every turn; `_late` is called inside the transaction.
RAISE = """
writer = owner("writer")
inner = writer.{place}
def fails(*given, **named):
    writer.{place} = inner
    raise {error}("a fault")
writer.{place} = fails
"""
END = 'owner("writer")._drained = lambda: True'
DEATHS = (
    END,
    RAISE.format(place="_inserting._late", error="SystemExit"),
    RAISE.format(place="_buffer.wait", error="MemoryError"),
    RAISE.format(place="_buffer.wait", error="SystemExit"),
    RAISE.format(place="_inserting._late", error="MemoryError"),
)


@fault(
    "killed-writer",
    "what ends a thread is raised in the writer's, or it is gone",
    quick=1,
    full=50,
    bars=END_BAR,
)
def run(ground: Ground, number: int) -> Round:
    """What is raised it outlives; where it is gone for once, systemd hears of nothing, and starts anew."""
    death = DEATHS[number % len(DEATHS)]
    with Inside(ground.own) as inside:
        ground.victim.start(environment=PATIENT | inside.environment())
        with ground.load():
            ground.ledger.wait_for(acknowledged=ground.random.randint(1, 100))
            began = time.monotonic()
            inside.do(death)
            if death == END:
                hangs(ground.victim, "writer", None)
                figures = {"SIGTERM to the end, s": ends(ground.victim)}
                recovery_s = ground.recover()
            else:
                ground.victim.wait_for_event("writer.broken")
                recovery_s, figures = ground.probe() - began, {}
    return Round(ground.judge(), recovery_s, figures)
