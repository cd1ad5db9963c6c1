"""Waits for a child while it runs, and takes what it says."""

from __future__ import annotations

import fcntl
import os
import select
import time

from .tree import collect_strays
from .wire import CHUNK_BYTES

TYPE_CHECKING = False  # importing typing would cost 3 ms
if TYPE_CHECKING:
    from .child import Child

STRAYS_SECONDS = 5.0  # how often orphans that have ended are collected during a long run


class Watch:
    """Waits for the child, its pipes and the control socket at once."""

    def __init__(self, child: Child, control: int) -> None:
        self.ended_ns: int | None = None
        self.stopped = False
        self._child = child
        self._pidfd = os.pidfd_open(child.pid)
        self._control = control
        self._poll = select.poll()
        for fd in (self._pidfd, control, *child.pipes):
            self._poll.register(fd, select.POLLIN)

    def until(self, deadline: float) -> None:
        """Wait for the child's end, for ``deadline`` (of perf_counter) or, once, for the order to stop."""
        while self.ended_ns is None and (left := deadline - time.perf_counter()) > 0:
            ready = self._poll.poll(min(left, STRAYS_SECONDS) * 1000)
            now = time.perf_counter_ns()
            fds = [fd for fd, _ in ready]
            if self._pidfd in fds:
                self.ended_ns = now
            elif self._control in fds:
                self._poll.unregister(self._control)
                self.stopped = True
                return
            for fd in fds:
                if fd in self._child.pipes:
                    self._take(fd, CHUNK_BYTES)
            if not fds:
                collect_strays(self._child.pid)

    def drain(self) -> None:
        """Take what lies in the pipes now; their end may never come, while others hold them open."""
        for fd in list(self._child.pipes):
            left = fcntl.fcntl(fd, fcntl.F_GETPIPE_SZ)
            while left > 0 and (taken := self._take(fd, min(left, CHUNK_BYTES))):
                left -= taken

    def _take(self, fd: int, most: int) -> int:
        try:
            chunk = os.read(fd, most)
        except BlockingIOError:
            return 0
        if chunk:
            self._child.pipes[fd].add(chunk)
        else:
            self._poll.unregister(fd)
            del self._child.pipes[fd]
        return len(chunk)
