"""The disk is full already when the daemon starts; when there is room it records, without another start."""

from __future__ import annotations

import subprocess
import sys
import time

from tests.faults.ground import Ground
from tests.faults.row import Figure, Round, fault
from tests.faults.smalldisk import SmallDisk, configure
from tests.faults.unharmed import Harmed, check_stays_up, until

DISK_BYTES = 48 << 20
# What lies there: a record; one of an older version, which is to be upgraded; nothing.
BEFORE = ("older", "record", "killed", "nothing")
WAITS = {"database.waiting", "writer.stuck"}


@fault("disk-full-start", "at a start: on a record, in a migration, on none", quick=1, full=40)
def run(ground: Ground, number: int) -> Round:
    """Every second round it stays full until the daemon is ready and tells of it in its status."""
    before, is_long = BEFORE[number % len(BEFORE)], number // len(BEFORE) % 2 == 1
    configure(ground.victim)
    disk = SmallDisk(ground, DISK_BYTES)
    lay(ground, before)
    disk.fill(ground.random.choice((0, 0, 4096, 16384, 65536)))
    ground.victim.start(wait=False)
    pid = ground.victim.running.pid
    until(lambda: noticed(ground), "a full disk noticed")
    figures: dict[str, Figure] = {}
    if is_long:
        ground.victim.wait_ready()
        figures = {f"status ({before})": told(ground)}
    disk.free()
    ends = time.monotonic()
    if not is_long:
        ground.victim.wait_ready()
    recovery_s = ground.probe() - ends
    check_stays_up(ground, pid)
    return Round(ground.judge(), recovery_s, figures)


def lay(ground: Ground, before: str) -> None:
    """Have a record there, if there is to be one."""
    if before == "nothing":
        return
    ground.victim.start()
    ground.probe()
    if before == "killed":
        ground.victim.kill()
    else:
        ground.victim.stop()
    if before == "older":
        downgrade = [sys.executable, "-m", "collector", "db", "downgrade", "--config"]
        subprocess.run([*downgrade, str(ground.victim.config)], check=True, capture_output=True)


def noticed(ground: Ground) -> bool:
    """Whether the daemon has said that it waits, or has ended."""
    ended = ground.victim.running.poll() is not None
    return ended or any(event["event"] in WAITS for event in ground.victim.events())


def told(ground: Ground) -> str:
    """Why nothing can be written, as the status says, though the daemon has never been able to write."""
    reason: str = ground.victim.status()["stuck"]
    if not reason:
        raise Harmed("nothing was written yet, and status does not say why")
    return reason
