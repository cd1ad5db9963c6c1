"""The line protocol: records into lines, and answers out of lines. Pure.

The protocol is that of `collector.intake.protocol`.
"""

from __future__ import annotations

import datetime
import json
import os
import sys
from typing import Any, NamedTuple

from collector.client.counts import Raw

LONGEST_LINE = 1 << 20  # bytes, the end of the line included
FRAME = len(b"[]\n")  # what a line has besides its records and commas

# A pool's time is `recorded_at`; the daemon takes `timestamp` for it as well.
_TIME_COLUMNS = {"pool": ("recorded_at", "timestamp")}
_TIME_COLUMN = ("timestamp",)


class NotUsable(Exception):
    """A record that cannot be sent."""


class Garbage(Exception):
    """An answer that does not fit what was sent."""


class Line(NamedTuple):
    """A batch as it is sent, however often; ``first`` is the place of its first record in all."""

    data: bytes
    records: int
    first: int


class Answer(NamedTuple):
    """What became of a line. ``busy_seconds`` is how long to wait when it was not taken at all."""

    committed: int = 0
    duplicate: int = 0
    refused: tuple[str, ...] = ()
    busy_seconds: float | None = None


def encoded(record: Raw, own_id: str) -> bytes:
    """One record as JSON, with its time and its id unless it brings them. Raises NotUsable with why."""
    kind = record.fields.get("kind", record.kind)
    if not isinstance(kind, str):
        raise NotUsable(f"`kind` must be a text, not {type(kind).__name__}")
    whole: dict[str, Any] = {"kind": kind, "id": own_id}
    time_columns = _TIME_COLUMNS.get(kind, _TIME_COLUMN)
    if not any(column in record.fields for column in time_columns):
        whole[time_columns[0]] = int(record.seconds * 1000)
    whole.update(record.fields)
    try:
        data = _ENCODER.encode(whole).encode()
    except (TypeError, ValueError, OverflowError, OSError, RuntimeError) as error:
        # Also a text with half a character, a list that holds itself, a dict that changes meanwhile.
        raise NotUsable(f"not JSON: {error}") from error
    if len(data) + FRAME > LONGEST_LINE:
        raise NotUsable(f"longer than {LONGEST_LINE} bytes")
    return data


def decoded(line: bytes, count: int) -> Answer:
    """The answer to a line of ``count`` records. Raises Garbage when it is none."""
    try:
        said = json.loads(line)
        if said["result"] == "busy":
            return Answer(busy_seconds=float(said["retry_after_ms"]) / 1000)
        refused = tuple(str(one["reason"]) for one in said["rejected"])
        answer = Answer(int(said["committed"]), int(said["duplicate"]), refused)
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError) as error:
        raise Garbage(f"{type(error).__name__}: {error}") from error
    if answer.committed == answer.duplicate == 0 and 0 < len(refused) < count:
        return Answer(refused=refused[:1] * count)  # the line as a whole
    if min(answer.committed, answer.duplicate) < 0 or (
        answer.committed + answer.duplicate + len(refused) != count
    ):
        raise Garbage(f"an answer for {answer}, {count} records were sent")
    return answer


def _plain(value: Any) -> Any:
    """What JSON has no word for; raises TypeError when we have none either."""
    if isinstance(value, datetime.datetime):
        return int(value.timestamp() * 1000)
    if isinstance(value, datetime.date) or _is_uuid(value):
        return str(value)
    if isinstance(value, os.PathLike):
        return os.fsdecode(value)
    if hasattr(value, "__index__"):
        return int(value)
    if hasattr(value, "__float__"):  # Decimal, Fraction, numbers of numpy
        return float(value)
    raise TypeError(f"cannot send a {type(value).__name__}")


def _is_uuid(value: object) -> bool:
    # Nobody can hold one before its module, which takes 3 ms, was imported.
    module = sys.modules.get("uuid")
    return module is not None and isinstance(value, module.UUID)


_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=_plain)
