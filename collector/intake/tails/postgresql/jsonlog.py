"""``jsonlog`` of PostgreSQL 15 and later: a JSON object a line."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from collector.intake.tails.base import Execution, Unread
from collector.intake.tails.postgresql.messages import FAILURES, LONGEST_BYTES, MESSAGE, is_raised
from collector.intake.tails.postgresql.moments import Moments
from collector.intake.tails.postgresql.pairing import Pairing
from collector.intake.tails.postgresql.sessions import Running

_MESSAGE = re.compile(MESSAGE)
# Also what nests without an end, and a number of thousands of digits.
_BROKEN = (msgspec.DecodeError, RecursionError, ValueError)
_STAMP = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)\.(\d{3}) (\S+)", re.ASCII)


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
        for raw in chunk.split(b"\n"):
            if raw:
                line = self._decoded(raw)
                if line is None or not self._line(line, offset):
                    self._aside(raw)
            offset += len(raw) + 1

    def quiet(self) -> None:
        """Nothing is held."""

    def _decoded(self, raw: bytes) -> _Line | None:
        try:
            return self._decode(raw)
        except _BROKEN:
            return self._mended(raw)

    def _mended(self, raw: bytes) -> _Line | None:
        """Without NUL bytes, and with text of a database in another encoding, which is not UTF-8."""
        try:
            return self._decode(raw.replace(b"\0", b"").decode("utf-8", "replace"))
        except _BROKEN:
            return None

    def _aside(self, raw: bytes) -> None:
        if raw.strip(b"\0\r\t "):
            self._unread.add(raw.lstrip(b"\0"))

    def _line(self, line: _Line, offset: int) -> bool:
        """False for one that tells of a duration, but of no moment."""
        key = None if line.pid is None else str(line.pid)
        if line.error_severity != "LOG":
            if line.error_severity in FAILURES:
                self._pairing.failed(key)
            return True
        found = _MESSAGE.match(line.message)
        assert found is not None  # all of it is optional
        ms, kind, logged = found.groups()
        if (ms is None and logged is None) or _is_foreign(kind, line.context):
            return True
        sql = line.message[found.end() + 1 : found.end() + LONGEST_BYTES].replace("\0", "")
        if ms is not None:
            return self._timed(line, kind, key, offset, float(ms), sql)
        self._pairing.runs(key, Running(offset, sql, logged == "execute"))
        return True

    def _timed(
        self, line: _Line, kind: str | None, key: str | None, offset: int, duration_ms: float, sql: str
    ) -> bool:
        began = self._began(line.timestamp, duration_ms)
        if began is None:
            return False
        columns = {"session_id": key} if key else None
        execution = Execution(offset, began, duration_ms, sql, columns, _metadata(line))
        if kind is None:
            self._pairing.bare(key, execution)
        elif kind == "statement" and key not in self._pairing.sessions:
            self._pairing.out.append(execution)
        else:
            self._pairing.timed(kind, key, execution)
        return True

    def _began(self, stamp: str, duration_ms: float) -> int | None:
        """``2026-11-22 12:56:44.817 UTC``, less the duration."""
        found = _STAMP.fullmatch(stamp)
        if found is None:
            return None
        second, fraction, zone = found.groups()
        if self._second != (second, zone):
            self._second_ms = self._moments.second_ms(second, zone)
            self._second = second, zone
        if self._second_ms is None:
            return None
        return round(self._second_ms + int(fraction) - duration_ms)


def _is_foreign(kind: str | None, context: str) -> bool:
    """Whether it is raised by a statement, not said by the server, whose plans alone have a context."""
    return bool(context) and (kind != "plan" or is_raised(context))


def _metadata(line: _Line) -> dict[str, Any] | None:
    made = {}
    if line.dbname:
        made["database"] = line.dbname
    if line.user:
        made["user"] = line.user
    if line.application_name and line.application_name != "[unknown]":
        made["application"] = line.application_name
    return made or None
