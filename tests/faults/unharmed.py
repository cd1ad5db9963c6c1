"""What no fault of a disk may do: end the daemon, let it raise through, or have it set a sound file aside."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TypeVar

from collector.store.retention.sizes import SET_ASIDE
from tests.faults.ground import Ground
from tests.faults.victim import Victim

LOOK_SECONDS = 0.02
Met = TypeVar("Met")


class Harmed(Exception):
    """A promise besides those that the checker judges was broken."""


def until(met: Callable[[], Met | None], what: str, seconds: float = 30.0) -> Met:
    """Ask until there is an answer that is true; that answer. Raises TimeoutError."""
    end = time.monotonic() + seconds
    while not (answer := met()):
        if time.monotonic() > end:
            raise TimeoutError(f"{what}: not in {seconds:.0f} s")
        threading.Event().wait(LOOK_SECONDS)  # nobody tells of it
    return answer


def until_stuck(victim: Victim, words: str = "", seconds: float = 30.0) -> str:
    """Ask for the status until it says that nothing can be written, and why; with ``words`` in the reason."""
    return until(lambda: _stuck(victim, words), f"stuck with {words!r} in status", seconds)


def _stuck(victim: Victim, words: str) -> str | None:
    reason: str | None = victim.status()["stuck"]
    return reason if reason and words in reason else None


def check(ground: Ground) -> None:
    """Raise Harmed for a traceback in the log, or a file that was set aside."""
    aside = [path.name for path in ground.data.iterdir() if SET_ASIDE in path.name]
    if aside:
        raise Harmed(f"a sound file was set aside: {', '.join(aside)}")
    if "Traceback" in ground.victim.log.read_text(errors="replace"):
        raise Harmed(f"there is a traceback in the log: {ground.victim.log_end()}")


def check_stays_up(ground: Ground, since: int) -> None:
    """As `check`; and raise Harmed when it is no more the process that it was, ``since`` by its id."""
    check(ground)
    running = ground.victim.running
    if running.poll() is not None or running.pid != since:
        raise Harmed(f"it did not stay up: exit status {running.poll()}: {ground.victim.log_end()}")
