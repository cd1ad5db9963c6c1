"""From the entries that a regular expression cuts out of a log to lines of sessions.

This loop is what reading a log costs: about 2 µs an entry, so it looks up nothing twice and calls nothing
on the way of a plain ``duration: … statement: …``.
"""

from __future__ import annotations

import re
from typing import Any, Final

from collector.intake.tails.base import Execution, Unread
from collector.intake.tails.postgresql.messages import FAILURES, LONGEST_BYTES, is_raised
from collector.intake.tails.postgresql.moments import Moments
from collector.intake.tails.postgresql.pairing import Pairing
from collector.intake.tails.postgresql.sessions import Running

OPEN: Final = "open"
"""Name of the group of an entry whose end is not there yet."""

MOST_KEPT: Final = 1_000

_FIELDS = ("severity", "kind", "second", "fraction", "zone", "key", "ms", "text")
_NAMES = ("database", "user", "application")
_FAILURES = frozenset(severity.encode() for severity in FAILURES)


class Entries:
    """Reads whole entries. ``escaped`` is how the log writes something in a text, and what that stands for.

    The groups of ``pattern`` may be ``severity``, ``kind``, ``logged``, ``second``, ``fraction``,
    ``zone``, ``pid``, ``session``, ``ms``, ``text``, ``context``, ``database``, ``user`` and
    ``application``; where there is no ``severity`` the match is no entry. Every line begins a match.
    """

    def __init__(
        self, pattern: str, escaped: tuple[bytes, bytes], moments: Moments, pairing: Pairing, unread: Unread
    ) -> None:
        self._regex = re.compile(f"{pattern}|(?P<nothing>(?!))".encode())
        groups = self._regex.groupindex
        key = "pid" if "pid" in groups else "session"
        numbers = {**groups, "key": groups.get(key, groups["nothing"])}
        self._groups = tuple(numbers.get(name, groups["nothing"]) for name in _FIELDS)
        self._names = [name for name in _NAMES if name in groups]
        self._name_groups = [groups[name] for name in self._names]
        self._metadatas: dict[Any, dict[str, Any] | None] = {}
        self._sessions: dict[bytes | None, tuple[str | None, dict[str, Any] | None]] = {}
        self._context = groups.get("context", groups["nothing"])
        self._escaped, self._unescaped = escaped
        self._moments, self._pairing, self._unread = moments, pairing, unread
        self._second: tuple[bytes | None, bytes | None] = (None, None)
        self._second_ms: int | None = None

    def read(self, buffer: bytes, end: int, base: int, first: int) -> int:
        """Read up to ``end``, or to where an open entry begins; returns that.

        The entry at 0 begins at ``first`` in the file, any other at ``base`` and its place in ``buffer``.
        """
        groups, escaped = self._groups, self._escaped
        sessions, give = self._pairing.sessions, self._pairing.out.append
        last, second_ms = self._second, self._second_ms
        name_groups, metadatas, sessions_of = self._name_groups, self._metadatas, self._sessions
        is_odd = b"\0" in buffer or b"\r" in buffer
        for found in self._regex.finditer(buffer, 0, end):
            severity, kind, second, fraction, zone, key, ms, text = found.group(*groups)
            start = found.start()
            if severity != b"LOG" or not second:
                if severity is None and found.lastgroup == OPEN:
                    return start
                self._aside(severity, key, found[0])
                continue
            if last != (second, zone):
                last, second_ms = self._turn(second, zone)
            if second_ms is None:  # no such day or hour
                self._aside(None, None, found[0])
                continue
            offset = base + start if start else first
            if is_odd or escaped in text:
                text = self._plain(text)
            sql = text[1:LONGEST_BYTES].decode("utf-8", "replace")
            session, columns = sessions_of[key] if key in sessions_of else self._session(key)
            if ms is None:
                self._untimed(found, session, offset, sql)
                continue
            duration_ms = float(ms)
            began = round(second_ms + int(fraction or 0) - duration_ms)
            metadata = None
            if name_groups:
                named = found.group(*name_groups)
                metadata = metadatas[named] if named in metadatas else self._metadata(named)
            line = Execution(offset, began, duration_ms, sql, columns, metadata)
            if kind == b"statement" and session not in sessions and not found[self._context]:
                give(line)
            else:
                self._timed(found, kind, session, line)
        return end

    def _plain(self, text: bytes) -> bytes:
        """As the statement was sent, but for NUL and for the line ends of Windows."""
        text = text.replace(b"\r\n", b"\n").removesuffix(b"\r")
        return text.replace(self._escaped, self._unescaped).replace(b"\0", b"")

    def _turn(self, second: bytes, zone: bytes | None) -> tuple[tuple[bytes, bytes | None], int | None]:
        """Many lines are written in one second, so it is read once."""
        self._second_ms = self._moments.second_ms(second.decode(), zone.decode() if zone else None)
        self._second = second, zone
        return (second, zone), self._second_ms

    def _aside(self, severity: bytes | None, key: bytes | None, entry: bytes) -> None:
        if severity is None:
            if entry.strip(b"\0\r\n\t "):
                self._unread.add(entry.lstrip(b"\0"), entry.count(b"\n"))
        elif severity in _FAILURES:
            self._pairing.failed(key.decode() if key else None)

    def _untimed(self, found: re.Match[bytes], session: str | None, offset: int, sql: str) -> None:
        logged = found["logged"]
        if logged and not found[self._context]:  # one that has a context was raised by a statement
            self._pairing.runs(session, Running(offset, sql, logged == b"execute"))

    def _timed(
        self, found: re.Match[bytes], kind: bytes | None, session: str | None, line: Execution
    ) -> None:
        if (context := found[self._context]) and (
            kind != b"plan" or is_raised(context.decode("utf-8", "replace"))
        ):
            return
        if kind is not None:
            self._pairing.timed(kind.decode(), session, line)
        elif not line.sql:
            self._pairing.bare(session, line)

    def _session(self, key: bytes | None) -> tuple[str | None, dict[str, Any] | None]:
        """Its name, and that as columns: the same for all that it does."""
        session = key.decode() if key else None
        if len(self._sessions) >= MOST_KEPT:
            self._sessions.clear()
        self._sessions[key] = made = session, {"session_id": session} if session else None
        return made

    def _metadata(self, named: Any) -> dict[str, Any] | None:
        """The same for all entries of one user, database and application, so it is made once."""
        made: dict[str, Any] = {}
        for name, group in zip(self._names, named if isinstance(named, tuple) else (named,), strict=True):
            text = (group or b"").strip(b' "')
            if text and text != b"[unknown]":
                text = text.replace(self._escaped, self._unescaped)
                made[name] = text.decode("utf-8", "replace")
        if len(self._metadatas) >= MOST_KEPT:
            self._metadatas.clear()
        self._metadatas[named] = made or None
        return made or None
