"""One line of the socket's protocol: what it asks, or which records it brings. Pure.

A line is a JSON object or an array of up to 1,000; each record has ``kind``, its columns, and
optionally ``id``. ``{"ask": "status"}`` asks instead.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec

from collector.records.base import KINDS, Kind
from collector.registry import nearest
from collector.store.buffer import Outcome

LONGEST_LINE = 1 << 20
MOST_RECORDS = 1_000

Rejections = list[tuple[int, str]]


@dataclass(frozen=True, slots=True)
class Question:
    """A line that wants to know something."""

    about: str


@dataclass(frozen=True, slots=True)
class Delivery:
    """A line that brings records: those that fit, with their positions, and why the others do not."""

    records: tuple[msgspec.Struct, ...]
    positions: tuple[int, ...]
    rejected: Rejections
    size: int


def parse(line: bytes) -> Question | Delivery:
    """Read one line; whatever it holds, this answers and does not raise."""
    try:
        document = msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return Delivery((), (), [(0, f"not a line of JSON: {error}")], len(line))
    if isinstance(document, dict) and isinstance(document.get("ask"), str):
        return Question(document["ask"])
    items = document if isinstance(document, list) else [document]
    if len(items) > MOST_RECORDS:
        reason = f"{len(items)} records on one line; at most {MOST_RECORDS}"
        return Delivery((), (), [(i, reason) for i in range(len(items))], len(line))
    return _delivery(items, len(line))


def told(outcome: Outcome, said: Delivery | None = None) -> dict[str, Any]:
    """The answer to a delivery; positions count from 0 in the line as it was sent."""
    refused = [*said.rejected] if said else []
    for i, reason in outcome.rejected:
        refused.append((said.positions[i] if said else i, reason))
    return {
        "result": "committed" if outcome.committed else "duplicate" if outcome.duplicate else "rejected",
        "committed": outcome.committed,
        "duplicate": outcome.duplicate,
        "rejected": [{"position": i, "reason": reason} for i, reason in sorted(refused)],
    }


def _delivery(items: list[Any], size: int) -> Delivery:
    records: list[msgspec.Struct] = []
    positions: list[int] = []
    rejected: Rejections = []
    for position, item in enumerate(items):
        try:
            records.append(record(item))
            positions.append(position)
        except ValueError as error:
            rejected.append((position, str(error)))
    return Delivery(tuple(records), tuple(positions), rejected, size)


def record(item: object) -> msgspec.Struct:
    """One record from its JSON object; raises ValueError that says what is wrong with it."""
    if not isinstance(item, dict):
        raise ValueError("a record is a JSON object")
    kind = _kind(item.get("kind"))
    columns = {key: value for key, value in item.items() if key not in ("kind", "id")}
    if "id" in item:
        columns["record_id"] = item["id"]
    try:
        made: msgspec.Struct = msgspec.convert({**columns, "kind": kind.name}, kind.struct)
    except (msgspec.ValidationError, RecursionError) as error:
        raise ValueError(str(error)) from error
    return made


def _kind(name: object) -> Kind:
    pushed = [kind.name for kind in KINDS.values() if kind.pushed]
    if isinstance(name, str) and name in pushed:
        return KINDS[name]
    if name is None:
        raise ValueError(f"`kind` is missing; allowed are {', '.join(pushed)}")
    hint = nearest(str(name)[:80], pushed) or f"; allowed are {', '.join(pushed)}"
    raise ValueError(f"unknown kind {str(name)[:80]!r}{hint}")
