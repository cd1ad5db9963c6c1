"""Signals as something to wait for: the main thread sleeps on a pipe that the interpreter writes to."""

from __future__ import annotations

import os
import select
import signal
from types import FrameType

CAUGHT = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class Signals:
    """Catches TERM, INT and HUP from construction on; must be made in the main thread."""

    def __init__(self) -> None:
        self._out, self._in = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        for number in CAUGHT:
            signal.signal(number, _noted)
        signal.set_wakeup_fd(self._in, warn_on_full_buffer=False)

    def wait(self, seconds: float) -> set[int]:
        """The signals that came, waiting at most ``seconds`` for the first."""
        ready, _, _ = select.select([self._out], [], [], max(0.0, seconds))
        return set(os.read(self._out, 512)) if ready else set()


def _noted(_number: int, _frame: FrameType | None) -> None:
    """The wake-up pipe tells; a Python handler is needed only so that the default does not act."""
