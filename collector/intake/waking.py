"""What ends one thread's wait for its clients from any other thread."""

from __future__ import annotations

import os
import threading


class Waking:
    """A pipe to oneself; a selector is told to look for what can be read of it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._is_closed = False
        self._in, self._out = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)

    def fileno(self) -> int:
        """What a selector waits for."""
        return self._in

    def wake(self) -> None:
        """End the wait, from any thread; after the close nobody waits any more."""
        with self._lock:  # a number that was closed may be another file's by now, even the database's
            if not self._is_closed:
                self._write()

    def _write(self) -> None:
        try:
            os.write(self._out, b"x")
        except BlockingIOError:
            return  # the pipe is full of wake-ups already

    def heard(self) -> None:
        """The one who waited is awake."""
        os.read(self._in, 4096)

    def close(self) -> None:
        """Let go of the pipe; closing twice is fine."""
        with self._lock:
            if not self._is_closed:
                self._is_closed = True
                os.close(self._in)
                os.close(self._out)
