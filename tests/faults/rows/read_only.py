"""The disk becomes read-only under a live writer, as ext4 does at an error; or it is so at the start."""

from __future__ import annotations

import errno
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.faults.clients import Load
from tests.faults.ground import Ground
from tests.faults.row import Round, fault
from tests.faults.rows.lock_holder import LARGE, MANY, told_busy
from tests.faults.shim import Calls, Mode
from tests.faults.smalldisk import configure
from tests.faults.unharmed import Harmed, check, check_stays_up, until, until_stuck
from tests.faults.victim import Died

IMAGE_BYTES = 64 << 20


@fault("read-only", "each write and sync is refused (EROFS) under a live writer", quick=1, full=20)
def refused_writes(ground: Ground, number: int) -> Round:
    """It stays up and answers; then the disk can be written again, or the daemon has to end without that."""
    victim, comes_back = ground.victim, number % 2 == 0
    victim.start(ground.shim)
    pid = victim.running.pid
    load = ground.load()
    with load:
        ground.ledger.wait_for(acknowledged=1)
        ground.shim.arm(Mode.ERROR, Calls.ALL, at=1, ever=True, error=errno.EROFS)
        until_stuck(victim)
        until(lambda: victim.counters()["queued"], "what waits")
        check_stays_up(ground, pid)
        if comes_back:
            ground.shim.off()
            over = time.monotonic()
            recovery_s = ground.probe() - over
        else:
            ended_with_a_word(ground, load)
    if not comes_back:
        recovery_s = ground.recover()
    check(ground)
    return Round(ground.judge(), recovery_s)


# Quick it is left out: Linux 6.18 itself loses what fdatasync confirmed when ext4 is aborted (a bare loop of
# write and fdatasync lost its last block in 2 of 12 aborts), so what was acknowledged last may be gone.
@fault("read-only-abort", "ext4 turns read-only under a live writer (abort)", quick=0, full=20, suffix=True)
def run(ground: Ground, number: int) -> Round:
    """It stays up and answers; ends saying what it could not write; what it acknowledged is there again."""
    image = ground.own / "disk"
    made(ground, image)
    configure(ground.victim)
    with mounted(ground, image):
        lived_through(ground, is_busy=number > 0)
    repaired(image)
    with mounted(ground, image):
        recovery_s = ground.recover()
        check(ground)
        return Round(ground.judge(), recovery_s)


def lived_through(ground: Ground, *, is_busy: bool) -> None:
    """Under load the disk is read-only from some moment on, and the daemon is told to stop."""
    victim = ground.victim
    victim.start()
    pid = victim.running.pid
    load = ground.load(MANY, longest=LARGE) if is_busy else ground.load()
    with load, ending(ground, load):
        ground.ledger.wait_for(acknowledged=1)
        ground.run_as_root("mount", "-o", "remount,abort", str(ground.data))
        until_stuck(victim)
        if is_busy:
            told_busy(ground)
        else:
            until(lambda: victim.counters()["queued"], "what waits")
        check_stays_up(ground, pid)


@contextmanager
def ending(ground: Ground, load: Load) -> Iterator[None]:
    """Stop the daemon, for clients would wait for their answers for ever."""
    yield
    ended_with_a_word(ground, load)


def ended_with_a_word(ground: Ground, load: Load) -> None:
    """It ends, and says what it could not write."""
    load.stopping.set()
    status = ground.victim.stop()
    left = ground.victim.events("writer.left")
    if status != 1 or not left or not left[-1]["records"]:
        raise Harmed(f"it ended with status {status}, and said of what it left: {left}")
    check(ground)


@fault("read-only-start", "the disk is read-only already at the start", quick=1, full=10)
def refused(ground: Ground, number: int) -> Round:
    """It is refused in a sentence; what was recorded before is there when it can be written again."""
    victim, data = ground.victim, str(ground.data)
    victim.start()
    ground.probe()
    if number % 2:
        victim.kill()
    else:
        victim.stop()
    with bound_read_only(ground, data):
        try:
            victim.start()
        except Died:
            check_refusal(ground)
        else:
            raise Harmed("it starts on a read-only disk")
    check(ground)
    recovery_s = ground.recover()
    return Round(ground.judge(), recovery_s)


def check_refusal(ground: Ground) -> None:
    """It ended with status 1 and a sentence."""
    status, said = ground.victim.wait_end(), ground.victim.log_end()
    if status != 1 or "error: " not in said or "may not write there" not in said:
        raise Harmed(f"it ended with status {status} and said: {said}")


def made(ground: Ground, image: Path) -> None:
    """A file with an ext4 in it."""
    with image.open("wb") as file:
        file.truncate(IMAGE_BYTES)
    ground.run_as_root("mkfs.ext4", "-q", "-F", str(image))


def repaired(image: Path) -> None:
    """Check the disk as a boot would; what it corrects is the file system's own."""
    done = subprocess.run(["fsck.ext4", "-fy", str(image)], capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1):  # 1: errors were corrected
        raise Harmed(f"fsck.ext4 ended with {done.returncode}: {done.stdout}")


@contextmanager
def mounted(ground: Ground, image: Path) -> Iterator[None]:
    """The disk in ``image`` holds the database; at the end nobody uses it. Skips who may not mount."""
    ground.run_as_root("mount", "-o", "loop", str(image), str(ground.data))
    try:
        yield
    finally:
        ground.victim.kill()
        subprocess.run(["umount", str(ground.data)], check=True)


@contextmanager
def bound_read_only(ground: Ground, data: str) -> Iterator[None]:
    """The folder can be read, and not be written even by root."""
    ground.run_as_root("mount", "--bind", data, data)
    try:
        ground.run_as_root("mount", "-o", "remount,bind,ro", data)
        yield
    finally:
        ground.victim.kill()
        subprocess.run(["umount", data], check=True)
