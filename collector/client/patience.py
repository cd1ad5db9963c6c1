"""How often a line is sent again before it is taken for what ends the connections."""

from __future__ import annotations

from collector.client.wire import Line

TIMES = 5  # in a row


class Patience:
    """Counts the connections in a row that ended before the answer to one and the same line."""

    def __init__(self) -> None:
        self._place: int | None = None
        self._times = 0

    @property
    def is_tried(self) -> bool:
        """Whether a line is suspected: it then goes alone, so that no other is blamed for it."""
        return self._times > 0

    @property
    def is_out(self) -> bool:
        """Whether it was sent often enough."""
        return self._times >= TIMES

    def lost(self, line: Line) -> None:
        """Note that a connection ended with this line as the oldest without an answer."""
        self._times = self._times + 1 if line.first == self._place else 1
        self._place = line.first

    def heard(self) -> None:
        """Begin anew: the line is settled, or the daemon only asked to wait."""
        self._place, self._times = None, 0
