"""Line ends as Windows writes them, read as plain ones; what stood where is still known."""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate


class LineEnds:
    """``text`` is ``raw`` with ``\\n`` for each ``\\r\\n``. Costs one search where there is none."""

    def __init__(self, raw: bytes) -> None:
        pieces = raw.split(b"\r\n") if b"\r\n" in raw else [raw]
        self.text = b"\n".join(pieces)
        # Where in the text each line end is that was shortened.
        self._ends = [*accumulate((len(piece) + 1 for piece in pieces[:-1]), initial=-1)][1:]

    def place(self, at: int) -> int:
        """Where in ``raw`` the byte is that is at ``at`` in the text."""
        return at + bisect_right(self._ends, at - 1) if self._ends else at
