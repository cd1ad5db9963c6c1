"""A disk on which each sync takes long: the shim holds it up and lets it go, again and again."""

from __future__ import annotations

import threading
from types import TracebackType

from tests.faults.shim import Calls, Mode, Shim

_LOOK_SECONDS = 0.002
# A call that hangs looks every 5 ms whether it may go on; so long none other is held up.
_GO_ON_SECONDS = 0.02


class SlowDisk(threading.Thread):
    """In a ``with``: each sync under the ``shim`` takes ``seconds`` longer."""

    def __init__(self, shim: Shim, seconds: float) -> None:
        super().__init__(name="slow disk", daemon=True)
        self._shim, self._seconds = shim, seconds
        self._stopping = threading.Event()

    def __enter__(self) -> SlowDisk:
        self._shim.arm(Mode.HANG, Calls.SYNC, ever=True)
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        self.join()
        self._shim.off()

    def run(self) -> None:
        while not self._stopping.wait(_LOOK_SECONDS):
            if self._shim.hits:
                self._stopping.wait(self._seconds)  # this is how slow it is
                self._shim.off()
                self._stopping.wait(_GO_ON_SECONDS)
                self._shim.arm(Mode.HANG, Calls.SYNC, ever=True)
