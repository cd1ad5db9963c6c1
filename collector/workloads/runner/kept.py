"""A bounded part of what a child says."""

from __future__ import annotations


class Kept:
    """The first and the last bytes of a stream, and how many there were in all."""

    def __init__(self, first: int, last: int) -> None:
        self.total = 0
        self._most = (first, last)
        self._first = bytearray()
        self._last = b""

    def add(self, chunk: bytes) -> None:
        """Take what was read; memory stays bounded."""
        self.total += len(chunk)
        first, last = self._most
        room = first - len(self._first)
        if room > 0:
            self._first += chunk[:room]
            chunk = chunk[room:]
        if chunk and last:
            self._last = (self._last + chunk)[-last:]

    def text(self) -> bytes:
        """All of it, or beginning and end with a line between that counts what was left out."""
        missing = self.total - len(self._first) - len(self._last)
        gap = b"\n[... %d bytes left out ...]\n" % missing if missing else b""
        return bytes(self._first) + gap + self._last
