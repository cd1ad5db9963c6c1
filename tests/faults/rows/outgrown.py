"""A disk filled by the record itself: it has outgrown its cap, and what the cap deletes frees the disk."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Any

from collector.client.line import Line, Unreachable
from collector.store.retention.sizes import taken_bytes
from tests.faults.ground import Ground
from tests.faults.row import Round, fault
from tests.faults.smalldisk import configure
from tests.faults.unharmed import Harmed, check_stays_up, until
from tests.faults.victim import SAMPLING

DISK_BYTES = 48 << 20
CAP_BYTES = 20_000_000
MINIMUM_BYTES = 10_000_000
SETTINGS = f'{SAMPLING}[retention]\ncap = "{CAP_BYTES}B"\n'
OLD_MS = 11 * 86_400_000
A_LINE, RECORD_BYTES = 400, 2_000
ANSWER_SECONDS = 0.3
ROOM = "are to stay free"


@fault("outgrown", "a disk filled by the record itself; the cap frees it", quick=0, full=10)
def run(ground: Ground, number: int) -> Round:
    """It records again without a start, in every second round after one that finds the disk filled.

    What fills it is old and of a kind that the books do not hold: of what they hold the cap takes nothing.
    The cap is looked at every five seconds, at moments on the clock: a round may have to wait for one.
    """
    configure(ground.victim, SETTINGS, minimum_free=f"{MINIMUM_BYTES}B")
    ground.tmpfs(DISK_BYTES)
    ground.victim.start()
    ground.send("before", 5)
    outgrow(ground)
    if number % 2:
        ground.victim.kill()
        ground.victim.start()
    pid = ground.victim.running.pid
    began = time.monotonic()
    until(lambda: taken_bytes(ground.victim.database) < CAP_BYTES, "a record under its cap", 60)
    ends = time.monotonic()
    recovery_s = ground.probe() - ends
    check_stays_up(ground, pid)
    return Round(ground.judge(), recovery_s, {"until it fits s": round(ends - began, 1)})


def outgrow(ground: Ground) -> None:
    """Send what is old until nothing more can be written, because of what the record itself takes."""
    old_ms = time.time_ns() // 1_000_000 - OLD_MS
    operation = {"kind": "operation", "metric_type": "api", "metric_name": "old", "duration_ms": 1.5,
                 "timestamp": old_ms, "metadata": {"text": "x" * RECORD_BYTES}}  # fmt: skip
    until(lambda: is_full_after(ground, [operation] * A_LINE), "a disk without room")
    if (taken := taken_bytes(ground.victim.database)) <= CAP_BYTES:
        raise Harmed(f"nothing can be written, and the record takes {taken} bytes, less than its cap")


def is_full_after(ground: Ground, records: list[dict[str, Any]]) -> bool:
    """Whether nothing can be written once these were sent, and why; then no answer comes to them."""
    with suppress(Unreachable), Line(ground.victim.socket, ANSWER_SECONDS) as line:
        line.ask(records)
    return ROOM in str(ground.victim.status()["stuck"])
