"""``jsonlog`` of PostgreSQL 15 and later: a JSON object a line."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from collector.intake.tails.base import Execution, Unread
from collector.intake.tails.postgresql.messages import FAILURES, LONGEST_BYTES, MESSAGE
from collector.intake.tails.postgresql.moments import Moments
from collector.intake.tails.postgresql.pairing import Pairing
from collector.intake.tails.postgresql.sessions import Running

_MESSAGE = re.compile(MESSAGE)
_BROKEN = (msgspec.DecodeError, UnicodeDecodeError)
_SECOND_LENGTH = len("2026-11-22 12:56:44")


class _Line(msgspec.Struct):
    timestamp: str
    error_severity: str
    message: str = ""
    pid: int | None = None
    dbname: str = ""
    user: str = ""
    application_name: str = ""
    context: str = ""


class JsonLog:
    """Each line is complete."""

    held_from: int | None = None

    def __init__(self, moments: Moments, pairing: Pairing, unread: Unread) -> None:
        self._decode = msgspec.json.Decoder(_Line).decode
        self._moments, self._pairing, self._unread = moments, pairing, unread
        self._second = ("", "")
        self._second_ms: int | None = None

    def feed(self, chunk: bytes, offset: int) -> None:
        """Read every line."""
        for line in chunk.split(b"\n"):
            if line:
                try:
                    self._line(self._decode(line), offset)
                except _BROKEN:
                    self._again(line, offset)
            offset += len(line) + 1

    def quiet(self) -> None:
        """Nothing is held."""

    def _again(self, raw: bytes, offset: int) -> None:
        """Without NUL bytes, and with text of a database in another encoding, which is not UTF-8."""
        try:
            line = self._decode(raw.replace(b"\0", b"").decode("utf-8", "replace"))
        except _BROKEN:
            if raw.strip(b"\0\r\t "):
                self._unread.add(raw.lstrip(b"\0"))
        else:
            self._line(line, offset)

    def _line(self, line: _Line, offset: int) -> None:
        key = None if line.pid is None else str(line.pid)
        if line.error_severity != "LOG":
            if line.error_severity in FAILURES:
                self._pairing.failed(key)
            return
        found = _MESSAGE.match(line.message)
        assert found is not None  # all of it is optional
        ms, kind, logged = found.groups()
        if ms is None and logged is None:
            return
        sql = line.message[found.end() + 1 : found.end() + LONGEST_BYTES].replace("\0", "")
        if ms is None:
            self._pairing.runs(key, Running(offset, sql, logged == "execute"))
        else:
            self._timed(line, kind, key, offset, float(ms), sql)

    def _timed(
        self, line: _Line, kind: str | None, key: str | None, offset: int, duration_ms: float, sql: str
    ) -> None:
        if line.context and kind != "plan":  # raised by a statement, not said by the server
            return
        began = self._began(line.timestamp, duration_ms)
        if began is None:
            return
        columns = {"session_id": key} if key else None
        execution = Execution(offset, began, duration_ms, sql, columns, _metadata(line))
        if kind is None:
            self._pairing.bare(key, execution)
        elif kind == "statement" and key not in self._pairing.sessions:
            self._pairing.out.append(execution)
        else:
            self._pairing.timed(kind, key, execution)

    def _began(self, stamp: str, duration_ms: float) -> int | None:
        """``2026-11-22 12:56:44.817 UTC``, less the duration."""
        second, zone = stamp[:_SECOND_LENGTH], stamp[_SECOND_LENGTH + 5 :]
        if self._second != (second, zone):
            self._second, self._second_ms = (second, zone), self._moments.second_ms(second, zone)
        fraction = stamp[_SECOND_LENGTH + 1 : _SECOND_LENGTH + 4]
        if self._second_ms is None or not fraction.isdecimal():
            return None
        return round(self._second_ms + int(fraction) - duration_ms)


def _metadata(line: _Line) -> dict[str, Any] | None:
    made = {}
    if line.dbname:
        made["database"] = line.dbname
    if line.user:
        made["user"] = line.user
    if line.application_name and line.application_name != "[unknown]":
        made["application"] = line.application_name
    return made or None
