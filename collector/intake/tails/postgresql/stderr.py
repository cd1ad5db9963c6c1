"""The plain log: each entry begins with the prefix, each further line of it with a tab.

The server puts that tab there, whatever a statement holds, so no literal can forge an entry. (A statement
that *raises* a message of severity LOG can, as can the name of an application under a prefix with %a.)
"""

from __future__ import annotations

from typing import Final

from collector.intake.tails.base import Unread
from collector.intake.tails.postgresql.entries import Entries
from collector.intake.tails.postgresql.messages import LONGEST_BYTES, MESSAGE, SEVERITY
from collector.intake.tails.postgresql.moments import Moments
from collector.intake.tails.postgresql.pairing import Pairing
from collector.intake.tails.postgresql.prefix import pattern

_LINES: Final = r"[^\n]*+(?:\n\t[^\n]*+)*+"


def head(prefix: str) -> str:
    """What an entry begins with."""
    return rf"\x00*+{pattern(prefix)}(?P<severity>{SEVERITY}):  "


class Stderr:
    """An entry is complete when the next one begins."""

    def __init__(self, prefix: str, moments: Moments, pairing: Pairing, unread: Unread) -> None:
        entry = rf"{head(prefix)}{MESSAGE}(?P<text>{_LINES})\n|{_LINES}\n"
        self._entries = Entries(entry, (b"\n\t", b"\n"), moments, pairing, unread)
        self._held: list[bytes] = []
        self._held_bytes = 0
        self.held_from: int | None = None

    def feed(self, chunk: bytes, offset: int) -> None:
        """Read all but the last entry."""
        if not chunk:
            return
        start = _last_beginning(chunk)
        if start < 0 and self.held_from is not None:
            self._hold(chunk)
            return
        start = max(start, 0)
        self._read(chunk[:start], offset)
        self._hold(chunk[start:])
        self.held_from = offset + start

    def quiet(self) -> None:
        """Read the last entry as well."""
        if self.held_from is not None:
            self._read(b"", self.held_from + self._held_bytes)

    def _read(self, more: bytes, offset: int) -> None:
        held = b"".join(self._held)
        if len(held) < self._held_bytes:  # cut
            held = held.rstrip() + b"\n"
        buffer = held + more
        first = offset if self.held_from is None else self.held_from
        self._held, self._held_bytes, self.held_from = [], 0, None
        self._entries.read(buffer, len(buffer), offset - len(held), first)

    def _hold(self, piece: bytes) -> None:
        if self._held_bytes < LONGEST_BYTES:
            self._held.append(piece[: LONGEST_BYTES - self._held_bytes])
        self._held_bytes += len(piece)


def _last_beginning(chunk: bytes) -> int:
    """Where the last line begins that does not go on with what was before; -1 when all do."""
    start = chunk.rfind(b"\n", 0, -1) + 1
    while start and chunk.startswith(b"\t", start):
        start = chunk.rfind(b"\n", 0, start - 1) + 1
    return -1 if chunk.startswith(b"\t", start) else start
