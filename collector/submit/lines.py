"""Records as the lines that a daemon takes: split by number and by size. Pure, but for the ids it gives."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from collector import clock
from collector.intake.check import Refused, Twice, checked
from collector.intake.protocol import LONGEST_LINE, MOST_RECORDS, Rejection, Rejections
from collector.records.base import Arrival
from collector.submit.ids import new_id

_encode = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode


@dataclass
class Load:
    """The records of one line, and where they stood in what was given."""

    items: list[Any] = field(default_factory=list)
    positions: list[int] = field(default_factory=list)
    room: int = LONGEST_LINE - 1  # two brackets, less the comma that the last one does not need

    def has_room_for(self, size: int) -> bool:
        """Whether one more of so many bytes fits."""
        return size <= self.room and len(self.items) < MOST_RECORDS

    def add(self, position: int, item: Any, size: int) -> None:
        """Put it on."""
        self.items.append(item)
        self.positions.append(position)
        self.room -= size


def as_lines(items: Sequence[Any]) -> tuple[list[Load], Rejections]:
    """The lines, and the records that fit on none."""
    lines: list[Load] = []
    refused: Rejections = []
    for position, given in enumerate(items):
        try:
            item, size = _sized(given)
        except Refused as error:
            refused.append(Rejection(position, str(error), tuple(error.faults)))
            continue
        if not lines or not lines[-1].has_room_for(size):
            lines.append(Load())
        lines[-1].add(position, item, size)
    return lines, refused


def _sized(item: Any) -> tuple[Any, int]:
    """A record with an id, and its bytes on a line, comma and all. Raises Refused."""
    if isinstance(item, dict) and not isinstance(item, Twice) and item.get("id") is None:
        item = {**item, "id": new_id()}
    try:
        plain = None if _has_twice(item) else _encode(item)
    except (ValueError, RecursionError):  # not a number, or nested too deep
        plain = None
    if plain is None:
        raise _why_not(item)
    if len(plain) > LONGEST_LINE - 2:
        raise Refused([("", f"is {len(plain):,} bytes long; at most {LONGEST_LINE:,} are taken")])
    return item, len(plain) + 1


def _why_not(item: Any) -> Refused:
    """Why JSON cannot carry a record, said as the check of records says it: with path and what is allowed."""
    try:
        checked(item, Arrival(clock.now().wall_ms))
    except Refused as error:
        return error
    return Refused([("", "cannot be told in JSON")])


def _has_twice(value: Any) -> bool:
    """Whether a key stands somewhere twice: the second one would be lost on the way."""
    if isinstance(value, dict):
        return isinstance(value, Twice) or any(map(_has_twice, value.values()))
    return isinstance(value, list) and any(map(_has_twice, value))
