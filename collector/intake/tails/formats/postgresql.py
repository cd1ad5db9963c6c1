"""``postgresql``: the server's log as stderr (with any log_line_prefix), csvlog or jsonlog.

Which of the three a file is, its first entry tells. Executions are what ``duration: … statement: …``,
``duration: … execute …: …``, auto_explain's ``duration: … plan:`` and the pairs of ``log_statement`` and
``log_duration`` tell; see `collector.intake.tails.postgresql.pairing` for what belongs together. The log
has to be in English (``lc_messages``) and auto_explain at its own level LOG. An execution that failed has
no duration in the log, and log_duration alone tells no statement: neither is here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from zoneinfo import ZoneInfo

from collector.intake.tails.base import Execution, Options, Unread, log_format
from collector.intake.tails.postgresql import csvlog, prefix, stderr
from collector.intake.tails.postgresql.csvlog import CsvLog
from collector.intake.tails.postgresql.jsonlog import JsonLog
from collector.intake.tails.postgresql.moments import Moments
from collector.intake.tails.postgresql.pairing import Pairing
from collector.intake.tails.postgresql.stderr import Stderr

Reader = Stderr | CsvLog | JsonLog


def _faults(options: Options) -> Iterator[tuple[str, str]]:
    for fault in prefix.faults(options.prefix) if options.prefix is not None else ():
        yield "prefix", fault
    if options.timezone is not None:
        try:
            ZoneInfo(options.timezone)
        except (LookupError, ValueError, OSError):
            yield "timezone", f"{options.timezone!r} is no name of a time zone, such as Europe/Berlin"


@log_format(
    "postgresql",
    "log of PostgreSQL: stderr, csvlog or jsonlog",
    dialect="postgresql",
    takes=("prefix", "timezone"),
    faults=_faults,
)
class PostgreSQL:
    """Holds the last entry, and what a later line of the same session may yet say of an execution."""

    def __init__(self, options: Options) -> None:
        self.unread = Unread()
        self._prefix = options.prefix or prefix.DEFAULT
        self._moments = Moments(options.timezone)
        self._pairing = Pairing()
        self._reader: Reader | None = None
        self._has_begun = False

    def feed(self, chunk: bytes, offset: int) -> list[Execution]:
        """What is complete by now."""
        if not self._has_begun:
            self._has_begun = True
            self._pairing.begin(offset)
        reader = self._reader or self._choose(chunk)
        if reader is None:
            if left := chunk.strip(b"\0\r\n\t "):
                self.unread.add(left, left.count(b"\n") + 1)
            return []
        reader.feed(chunk, offset)
        self._pairing.settle(offset + len(chunk))
        return self._given()

    def quiet(self) -> list[Execution]:
        """What is complete if nothing more comes; what still runs is not."""
        if self._reader is not None:
            self._reader.quiet()
        self._pairing.quiet()
        return self._given()

    @property
    def held_from(self) -> int | None:
        """Where the first line begins that is still needed."""
        return self._pairing.held_from(self._reader.held_from if self._reader else None)

    def _given(self) -> list[Execution]:
        given = self._pairing.out[:]
        self._pairing.out.clear()
        return given

    def _choose(self, chunk: bytes) -> Reader | None:
        """By the first line that looks like an entry of any of them."""
        found = re.search(_first_entry(self._prefix), chunk)
        common = (self._moments, self._pairing, self.unread)
        if found is None:
            return None
        if found["json"]:
            self._reader = JsonLog(*common)
        elif found["csv"]:
            self._reader = CsvLog(*common)
        else:
            self._reader = Stderr(self._prefix, *common)
        return self._reader


def _first_entry(line_prefix: str) -> bytes:
    csv = re.sub(r"\?P<\w+>", "?:", csvlog.HEAD)
    plain = re.sub(r"\?P<\w+>", "?:", stderr.head(line_prefix))
    return rf'(?m)^(?:(?P<json>\x00*\{{")|(?P<csv>{csv})|{plain})'.encode()
