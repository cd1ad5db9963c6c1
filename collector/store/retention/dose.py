"""How many rows or pages a step takes, by how long the last one took."""

from __future__ import annotations


class Dose:
    """Between ``least`` and ``most``, so that a step takes about ``aim_ms``.

    One that took too long cuts it at once; it grows slowly, since a step now and then is cheap by chance.
    """

    def __init__(self, least: int, most: int, aim_ms: float) -> None:
        self._least, self._most, self._aim_ms = least, most, aim_ms
        self.count = min(most, 2 * least)

    def took(self, ms: float, count: int) -> None:
        """A step over ``count`` took so long, its commit included."""
        if count >= self.count or ms > self._aim_ms:
            factor = min(max(self._aim_ms / max(ms, 0.001), 0.25), 1.5)
            self.count = round(min(max(self.count * factor, self._least), self._most))
