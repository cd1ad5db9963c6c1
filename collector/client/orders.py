"""What the application tells the sender's thread."""

from __future__ import annotations

import threading

from collector.client.queue import Queue


class Orders:
    """Set by any thread, looked at by the sender's; ``ended`` is set when that is through."""

    def __init__(self, queue: Queue) -> None:
        self._queue = queue
        self.urgent = False
        self.finishing = False
        self.stopped = False
        self.ended = threading.Event()

    def hurry(self) -> None:
        """Do not gather records and do not back off this time."""
        self.urgent = True
        self._queue.wake()

    def finish(self) -> None:
        """Send what is there, then end; without any daemon so far end after one attempt."""
        self.finishing = True
        self.hurry()

    def stop(self) -> None:
        """End as soon as possible."""
        self.stopped = True
        self._queue.wake()
