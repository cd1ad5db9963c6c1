"""Says to systemd that we live, but only while the writer and the scheduler really move."""

from __future__ import annotations

import sys
import threading
import traceback
from collections.abc import Callable, Mapping

from collector import systemd
from collector.log import get_logger

log = get_logger("watchdog")

# A part that has not moved for this long hangs. The writer's longest honest turn is a busy timeout
# of 2 s; a disk that syncs for 30 s is as good as hung.
PATIENCE_SECONDS = 30.0


class Watchdog:
    """``parts`` are names and the monotonic time at which each last moved.

    Under systemd patience is at most half of its ``WatchdogSec``, so that the stacks are in the log
    before the process is ended.
    """

    def __init__(self, parts: Mapping[str, Callable[[], float]], period: float | None = None) -> None:
        self._parts = parts
        self._patience = min(PATIENCE_SECONDS, period / 2) if period else PATIENCE_SECONDS
        self._stalled: set[str] = set()

    def step(self, monotonic: float) -> bool:
        """Look at every part once; ping systemd when all move. False when one hangs."""
        stalled = {name for name, moved in self._parts.items() if monotonic - moved() > self._patience}
        for name in sorted(stalled - self._stalled):
            log.error("watchdog.stall", part=name, patience_s=self._patience, stacks=stacks())
        for name in sorted(self._stalled - stalled):
            log.info("watchdog.stall.over", part=name)
        self._stalled = stalled
        if not stalled:
            systemd.notify("WATCHDOG=1")
        return not stalled

    @property
    def stalled(self) -> list[str]:
        """The parts that hang now."""
        return sorted(self._stalled)


def stacks() -> dict[str, list[str]]:
    """Where every thread is, innermost call last: file:line function."""
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    return {
        names.get(ident, str(ident)): [
            f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_stack(top)
        ]
        for ident, top in sys._current_frames().items()
    }
