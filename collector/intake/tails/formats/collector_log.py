"""``collector``: collector's own log as it writes it to a file, to a pipe or to the journal."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from collector.intake.tails.base import Execution, Options, Unread, log_format
from collector.intake.tails.lines import lines
from collector.records.columns import LONGEST_MS
from collector.records.operation import WARNED_OF


class _Event(msgspec.Struct):
    timestamp: str
    level: str
    event: str


_event = msgspec.json.Decoder(_Event).decode
_fields = msgspec.json.Decoder(dict[str, Any]).decode


@log_format("collector", "collector's own log as JSON, one event a line")
class CollectorLog:
    """Each ``query.slow`` is an execution; all other events are understood and passed over.

    ``query`` of an event, a statement without literals, is its statement. ``timestamp`` is when the event
    was told, at the end: it began ``duration_ms`` before. An event that stands for many, folded within
    30 s, is one execution, the latest of them, and has their ``count`` in its metadata.
    """

    held_from = None  # a line is an entry

    def __init__(self, _: Options) -> None:
        self.unread = Unread()

    def feed(self, chunk: bytes, offset: int) -> list[Execution]:
        """The slow queries in ``chunk``."""
        found = []
        for at, line in lines(chunk, offset):
            try:
                execution = _execution(line, at)
            except (ValueError, OverflowError, RecursionError):  # msgspec's errors are ValueErrors
                self.unread.add(line)
            else:
                found += [execution] if execution else []
        return found

    def quiet(self) -> list[Execution]:
        """Nothing: none is held back."""
        return []


def _execution(line: bytes, offset: int) -> Execution | None:
    """The execution of one line, None where it tells of none; raises ValueError where it is no event."""
    if line[:1] == b"<" and line[2:3] == b">":  # the journal's priority
        line = line[3:]
    event = _event(line)
    told = datetime.fromisoformat(event.timestamp)
    if event.event != "query.slow":
        return None
    fields = _fields(line)
    duration_ms, sql = fields.get("duration_ms"), fields.get("query")
    if not isinstance(duration_ms, (int, float)) or isinstance(duration_ms, bool):
        raise ValueError("a slow query without its duration")
    if not 0 <= duration_ms <= LONGEST_MS:
        raise ValueError("no duration that may be")
    return Execution(
        offset=offset,
        timestamp=round(told.timestamp() * 1000 - duration_ms),
        duration_ms=float(duration_ms),
        sql=sql if isinstance(sql, str) else None,
        columns=_columns(fields) or None,
        metadata={WARNED_OF: True, **({"count": fields["count"]} if "count" in fields else {})},
    )


def _columns(fields: dict[str, Any]) -> dict[str, Any]:
    columns: dict[str, Any] = {}
    if isinstance(name := fields.get("name"), str) and name:
        columns["metric_name"] = name
    if type(rows := fields.get("rows")) is int and rows >= 0:
        columns["rows"] = rows
    return columns
