"""With `minimum_free` the recorder waits before the disk is full; a ballast makes room where it is full."""

from __future__ import annotations

import time

from collector.store.database import file_size
from collector.store.room import ballast_path
from tests.faults.ground import Ground
from tests.faults.row import Round, fault
from tests.faults.smalldisk import SmallDisk, configure
from tests.faults.unharmed import Harmed, check_stays_up, until, until_stuck

DISK_BYTES = 64 << 20
MINIMUM_BYTES = 16_000_000
BALLAST_BYTES = 8_000_000
# What may be written between two looks at the disk, one second apart, and as a flush goes on.
SLACK_BYTES = 2_000_000
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
        disk.free()
        ends = time.monotonic()
        recovery_s = ground.probe() - ends
    check_stays_up(ground, pid)
    if taken > SLACK_BYTES:
        raise Harmed(f"{taken:,} bytes more were written although less than minimum_free was free")
    return Round(ground.judge(), recovery_s, {"written beyond MB": round(taken / 1e6, 2)})


@fault("ballast", "a full disk, and a ballast to throw off", quick=1, full=5)
def thrown_off(ground: Ground, number: int) -> Round:
    """It records on where the ballast was, without anybody's help; the first time it finds one there."""
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
