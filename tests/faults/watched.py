"""What must be seen of a thread that hangs or is gone: stacks in the log, no word to the service manager."""

from __future__ import annotations

import signal
import time

from tests.faults.victim import Victim

# As systemd sets it for WatchdogSec=1: a ping each quarter of it, patience for half of it.
PATIENT = {"WATCHDOG_USEC": "1000000"}
END_BAR = {"SIGTERM to the end, s": 10}  # the promise: it has stopped within 10 s
QUIET_SECONDS = 0.75  # three pings
_DRAIN_SECONDS = 0.01


def hangs(victim: Victim, part: str, thread: str | None, call: str = "") -> None:
    """Wait until the log says that ``part`` hangs, and where; then systemd hears nothing, and `status` tells.

    ``thread`` has to be in ``call`` at that moment; None for one that is gone. Raises TimeoutError.
    """
    victim.wait_for_event(
        "watchdog.stall",
        lambda event: (
            event["part"] == part
            and (thread is None or any(call in frame for frame in event["stacks"].get(thread, [])))
        ),
    )
    assert is_silent(victim), f"WATCHDOG=1 was said while the {part} hung"
    assert part in victim.status()["stalled"], f"status does not say that the {part} hangs"


def is_silent(victim: Victim) -> bool:
    """Whether nothing is said for three pings, after what was said before."""
    while _pings(victim, _DRAIN_SECONDS):
        pass
    return not _pings(victim, QUIET_SECONDS)


def goes_on(victim: Victim) -> None:
    """Wait until systemd hears of it again. Raises TimeoutError."""
    victim.wait_for(b"WATCHDOG=1")


def ends(victim: Victim) -> float:
    """Tell it to end, and wait for that; how many seconds it took. Raises subprocess.TimeoutExpired."""
    began = time.monotonic()
    victim.stop(signal.SIGTERM)
    return time.monotonic() - began


def _pings(victim: Victim, seconds: float) -> bool:
    try:
        victim.wait_for(b"WATCHDOG=1", seconds)
    except TimeoutError:
        return False
    return True
