"""With `minimum_free` the recorder waits before the disk is full; a ballast makes room where it is full."""

from __future__ import annotations

import threading
import time

from collector.store.database import file_size
from collector.store.room import ballast_path
from tests.faults.ground import Ground
from tests.faults.row import Round, fault
from tests.faults.rows.disk_full_start import lay
from tests.faults.smalldisk import SmallDisk, configure
from tests.faults.unharmed import Harmed, check_stays_up, until, until_stuck

DISK_BYTES = 64 << 20
MINIMUM_BYTES = 16_000_000
BALLAST_BYTES = 8_000_000
# What is written until it looks at the disk, once a second, depends on the load and is a figure.
STILL_SECONDS = 1.0
FULL = "the disk is full"


@fault("minimum-free", "others fill the disk to less than must stay free", quick=1, full=10)
def run(ground: Ground, number: int) -> Round:
    """It waits, says so in its status, and leaves what is free to the others."""
    configure(ground.victim, minimum_free=f"{MINIMUM_BYTES}B")
    disk = SmallDisk(ground, DISK_BYTES)
    ground.victim.start()
    pid = ground.victim.running.pid
    with ground.load(batches_per_s=10):
        ground.ledger.wait_for(acknowledged=1)
        left = MINIMUM_BYTES - ground.random.randrange(4096, MINIMUM_BYTES // 2)
        disk.fill(left)
        until_stuck(ground.victim, FULL)
        taken = left - disk.free_bytes()
        check_still(ground, disk)
        disk.free()
        ends = time.monotonic()
        recovery_s = ground.probe() - ends
    check_stays_up(ground, pid)
    return Round(ground.judge(), recovery_s, {"written before it looked MB": round(taken / 1e6, 2)})


def check_still(ground: Ground, disk: SmallDisk) -> None:
    """While it waits not a byte more is written, nothing is committed, and there still is room."""
    before = disk.free_bytes(), ground.victim.counters()["committed"]
    threading.Event().wait(STILL_SECONDS)  # how long it holds still is the test
    after = disk.free_bytes(), ground.victim.counters()["committed"]
    if after != before or not after[0]:
        raise Harmed(f"bytes free and records committed while it waits: {before}, then {after}")


@fault("ballast", "a full disk, and a ballast to throw off", quick=1, full=5)
def thrown_off(ground: Ground, number: int) -> Round:
    """It records on where the ballast was, without anybody's help; in the first two rounds it finds one."""
    if number == 1:
        return thrown_off_at_start(ground)
    configure(ground.victim, ballast=f"{BALLAST_BYTES}B")
    disk = SmallDisk(ground, DISK_BYTES)
    ballast = ballast_path(ground.victim.database)
    if number == 0:
        ballast.write_bytes(bytes(BALLAST_BYTES))
    ground.victim.start()
    pid = ground.victim.running.pid
    with ground.load(batches_per_s=50):
        if number:  # the upkeep takes it on, every 20 s
            until(lambda: file_size(ballast) == BALLAST_BYTES, "a ballast taken on", 60)
        ground.ledger.wait_for(acknowledged=1)
        disk.fill()
        ends = time.monotonic()
        until(lambda: not ballast.exists(), "the ballast thrown off")
        recovery_s = ground.probe() - ends
        disk.free()
        if number:
            until(lambda: file_size(ballast) == BALLAST_BYTES, "the ballast taken on again", 60)
    check_stays_up(ground, pid)
    return Round(ground.judge(), recovery_s, {"thrown off and on again": int(number > 0)})


def thrown_off_at_start(ground: Ground) -> Round:
    """The same where the disk is full before the record is opened."""
    configure(ground.victim, ballast=f"{BALLAST_BYTES}B")
    disk = SmallDisk(ground, DISK_BYTES)
    lay(ground, "record")
    ballast_path(ground.victim.database).write_bytes(bytes(BALLAST_BYTES))
    disk.fill()
    ground.victim.start()
    pid = ground.victim.running.pid
    until(lambda: not ballast_path(ground.victim.database).exists(), "the ballast thrown off at a start")
    recovery_s = ground.probe() - ground.victim.started
    check_stays_up(ground, pid)
    return Round(ground.judge(), recovery_s)
