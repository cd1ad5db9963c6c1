"""``csvlog``: a record an entry. What a statement holds is inside quotes, and so forges nothing.

A quote that is not closed is noticed at the next one: behind a closing quote is a comma or a line's end.
"""

from __future__ import annotations

import re
from typing import Final

from collector.intake.tails.base import Unread
from collector.intake.tails.postgresql.entries import OPEN, Entries
from collector.intake.tails.postgresql.messages import LONGEST_BYTES, MESSAGE
from collector.intake.tails.postgresql.moments import Moments
from collector.intake.tails.postgresql.pairing import Pairing
from collector.intake.tails.postgresql.prefix import ZONE

_TEXT = r'[^"]*+(?:""[^"]*+)*+'
_QUOTED = rf'(?:"{_TEXT}")?+'
_FIELD = rf'(?:"{_TEXT}"|[^",\n]*+)'

HEAD: Final = (
    rf"\x00*+(?P<second>\d{{4}}-\d\d-\d\d \d\d:\d\d:\d\d)\.(?P<fraction>\d{{3}}) (?P<zone>{ZONE}),"
    rf"(?P<user>{_QUOTED}),(?P<database>{_QUOTED}),(?P<pid>\d*),{_QUOTED},[0-9a-f]+\.[0-9a-f]+,\d+,"
)
"""Time, user, database, process, client, session, line: so begins an entry and hardly anything else."""

# Status, start of the session, both transactions, severity, SQLSTATE, message; then detail, hint,
# internal query and position, context, query and position, place; then the application and, since 13,
# what kind of process it is, and more.
_ENTRY = (
    rf'{HEAD}{_QUOTED},[^",\n]*,[^",\n]*,\d*,(?P<severity>[A-Z]++[1-5]?),[0-9A-Z]*,"{MESSAGE}(?P<text>{_TEXT})",'
    rf"{_QUOTED},{_QUOTED},{_QUOTED},\d*,(?P<context>{_QUOTED}),{_QUOTED},\d*,{_QUOTED},"
    rf"(?P<application>{_QUOTED})(?:,{_FIELD})*+\r?+\n"
)
_START = re.sub(r"\?P<\w+>", "?:", HEAD)
_RECORD = (
    rf"{_ENTRY}|{_FIELD}(?:,{_FIELD})*+\r?+\n"
    rf'|(?P<{OPEN}>{_START}(?:{_FIELD},)*+"{_TEXT}\Z)'
    r"|[^\n]*+\n"
)
_INSIDE = re.compile(_TEXT.encode())


class CsvLog:
    """An entry is complete with its own line's end."""

    def __init__(self, moments: Moments, pairing: Pairing, unread: Unread) -> None:
        self._entries = Entries(_RECORD, (b'""', b'"'), moments, pairing, unread)
        self._held = b""
        self._is_cut = False
        self.held_from: int | None = None

    def feed(self, chunk: bytes, offset: int) -> None:
        """Read all entries that end in it."""
        if self._is_cut:
            closed = _closing(chunk)
            if closed == len(chunk):
                return
            chunk, offset = chunk[closed:], offset + closed
        buffer, base = self._held + chunk, offset - len(self._held)
        first = base if self.held_from is None else self.held_from
        end = self._entries.read(buffer, len(buffer), base, first)
        self._hold(buffer[end:], base + end if end else first)

    def quiet(self) -> None:
        """A half entry stays one."""

    def _hold(self, rest: bytes, since: int) -> None:
        self._is_cut = len(rest) > LONGEST_BYTES
        if self._is_cut:  # not in the middle of a doubled quote
            rest = rest[:LONGEST_BYTES].rstrip(b'"')
        self._held, self.held_from = rest, since if rest else None


def _closing(chunk: bytes) -> int:
    """Where the quote is that closes the text which goes on in ``chunk``; its length when there is none."""
    found = _INSIDE.match(chunk)
    return found.end() if found else len(chunk)
