"""How often a line is sent again before it is taken for what ends the connections."""

from __future__ import annotations

from collector.client.wire import Line

TIMES = 5  # in a row


class Patience:
    """Counts the connections in a row that ended before the answer to one and the same line."""

    def __init__(self) -> None:
        self._place: int | None = None
        self._times = 0
        self._works = False

    @property
    def is_tried(self) -> bool:
        """Whether a line is suspected: it then goes alone, so that no other is blamed for it."""
        return self._times > 0

    @property
    def is_out(self) -> bool:
        """Whether the daemon is to show that it works before the line is sent once more."""
        return self._times >= TIMES

    def works(self) -> None:
        """Note that the daemon answers to something else on this connection."""
        self._works = True

    def lost(self, line: Line) -> bool:
        """Note that a connection ended with this line as the oldest without an answer.

        Whether that is the line's doing: often enough, and now on a connection that worked.
        """
        guilty = self._works and line.first == self._place
        self._times = self._times + 1 if line.first == self._place else 1
        self._place, self._works = line.first, False
        return guilty

    def heard(self) -> None:
        """Begin anew: the line is settled, or the daemon only asked to wait."""
        self._place, self._times, self._works = None, 0, False
