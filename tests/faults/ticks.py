"""What a row watches while a fault lasts: samples as they become visible, and events without a signal."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from itertools import pairwise
from types import TracebackType
from typing import TypeVar

from tests.faults.victim import Victim

_LOOK_SECONDS = 0.01
T = TypeVar("T")

SAMPLES = "SELECT count(*) FROM cpu_samples"


def until(look: Callable[[], T], what: str, seconds: float = 30.0) -> T:
    """Look again and again until there is something; it. Raises TimeoutError."""
    end = time.monotonic() + seconds
    while not (found := look()):
        if time.monotonic() > end:
            raise TimeoutError(f"{what}: not in {seconds:.0f} s")
        threading.Event().wait(_LOOK_SECONDS)
    return found


class Ticks(threading.Thread):
    """Notes at which moment (monotonic) another sample is in the file, whatever clock is on it.

    Under load every batch is committed at once, and with it the samples: each is seen as it is taken.
    """

    def __init__(self, victim: Victim) -> None:
        super().__init__(name="ticks", daemon=True)
        self._victim = victim
        self._stopping = threading.Event()
        self._changed = threading.Condition()
        self.seen: list[float] = []

    def __enter__(self) -> Ticks:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        self.join()

    def run(self) -> None:
        before: int | None = None
        while not self._stopping.wait(_LOOK_SECONDS):
            ((count,),) = self._victim.rows(SAMPLES)
            with self._changed:
                self.seen += [time.monotonic()] * (count - (count if before is None else before))
                self._changed.notify_all()
            before = count

    def wait_for_more(self, ticks: int, seconds: float = 30.0) -> None:
        """Wait until so many more than now were seen. Raises TimeoutError."""
        with self._changed:
            goal = len(self.seen) + ticks
            if not self._changed.wait_for(lambda: len(self.seen) >= goal, seconds):
                end = self._victim.log_end()
                raise TimeoutError(f"no {ticks} samples more in {seconds:.0f} s: {end}")

    def lost(self, begin: float, end: float, every_s: float) -> int:
        """How many samples are missing in the longest pause that touches ``begin`` to ``end``."""
        with self._changed:
            pauses = [b - a for a, b in pairwise(self.seen) if b > begin and a < end]
        return max(0, round(max(pauses, default=0.0) / every_s) - 1)
