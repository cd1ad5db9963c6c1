"""Ends all that a program has started."""

from __future__ import annotations

import _signal as signal  # type: ignore[import-not-found]  # the half in C: signal itself loads enum
import os
import time

from .tree import collect_strays, descendants

TYPE_CHECKING = False  # importing typing would cost 3 ms
if TYPE_CHECKING:
    from .watch import Watch

GRACE_SECONDS = 2.0  # between TERM and KILL
PATIENCE_SECONDS = 2.0  # after KILL: a fork bomb takes some passes, a hung disk takes for ever


class Ending:
    """Ends processes in passes: TERM at first, KILL from two seconds on, until none is left.

    ``by_group``: a signal to a group reaches processes that are forking at this moment, too.
    """

    def __init__(self, *, by_group: bool) -> None:
        self._by_group = by_group
        self._kill_at = time.perf_counter() + GRACE_SECONDS
        self._give_up_at = self._kill_at + PATIENCE_SECONDS
        self._told: set[tuple[bool, int]] = set()
        self._met: set[int] = set()

    @property
    def met(self) -> int:
        """How many processes there were to end."""
        return len(self._met)

    def child(self, watch: Watch) -> None:
        """End the child itself, with everything around it that can be found."""
        while watch.ended_ns is None and time.perf_counter() < self._give_up_at:
            self._step()
            watch.until(max(self._kill_at, time.perf_counter() + 0.005))

    def rest(self) -> int:
        """End what outlived the child; how many could not be ended."""
        pause = 0.001
        while collect_strays(0):
            now = time.perf_counter()
            if now > self._give_up_at:
                return len(descendants(os.getpid()))
            self._step()
            time.sleep(pause)
            pause = min(2 * pause, 0.05) if now < self._kill_at else 0.002
        return 0

    def _step(self) -> None:
        killing = time.perf_counter() >= self._kill_at
        if killing:
            self._told.clear()
        for pid, group in descendants(os.getpid()).items():
            self._met.add(pid)
            whole = self._by_group and group != os.getpgrp()
            target = (whole, group if whole else pid)
            if target not in self._told:
                self._told.add(target)
                for number in (signal.SIGKILL,) if killing else (signal.SIGTERM, signal.SIGCONT):
                    tell(*target, number)


def tell(whole: bool, target: int, number: int) -> None:
    """Send a signal to a process or a whole group."""
    try:
        (os.killpg if whole else os.kill)(target, number)
    except (ProcessLookupError, PermissionError):
        return  # it has gone, or it became another user's
