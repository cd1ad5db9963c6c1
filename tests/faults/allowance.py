"""How long a row may go on beginning rounds."""

from __future__ import annotations

import time


class Allowance:
    """So many seconds from now on, or as many as it takes. ``is_cut``: whether it was over when asked."""

    def __init__(self, seconds: float | None = None) -> None:
        self._ends = None if seconds is None else time.monotonic() + seconds
        self.is_cut = False

    def is_over(self) -> bool:
        """Asked before each round but the first: whether it has to be left out, and all after it."""
        self.is_cut = self.is_cut or (self._ends is not None and time.monotonic() >= self._ends)
        return self.is_cut
