"""One line of the socket's protocol: what it asks, or which records it brings. Pure.

A line is a JSON object or an array of up to 1,000; each record has ``kind``, its columns, and
optionally ``id``. ``{"ask": "status"}`` asks instead.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import msgspec

from collector.intake.check import Refused, checked, document_faults, prepare, withdraw
from collector.intake.loose import apart, loads
from collector.records.base import Arrival, Kind, pushed_kinds
from collector.store.buffer import Outcome

LONGEST_LINE = 1 << 20
MOST_RECORDS = 1_000
MOST_TOLD = 50  # refused records of a line of which every fault is told
LONG_REASON, SHORT_REASON = 4_000, 200  # characters


class Rejection(NamedTuple):
    """A record that was refused: where on its line, why, and each fault with its path."""

    position: int
    reason: str
    faults: tuple[tuple[str, str], ...] = ()


Rejections = list[Rejection]


@dataclass(frozen=True, slots=True)
class Question:
    """A line that wants to know something, or to have something done; ``words`` is the whole of it."""

    about: str
    words: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Delivery:
    """A line that brings records: those that fit, with their positions, and why the others do not."""

    records: tuple[msgspec.Struct, ...]
    positions: tuple[int, ...]
    rejected: Rejections
    size: int


def parse(line: bytes, arrival: Arrival) -> Question | Delivery:
    """Read one line; whatever it holds, this answers and does not raise."""
    try:
        document = msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _loose(line, arrival)
    if isinstance(document, dict) and isinstance(document.get("ask"), str):
        return Question(document["ask"], document)
    items = document if isinstance(document, list) else [document]
    if len(items) > MOST_RECORDS:
        return _too_many(len(items), len(line))
    if _is_plain(line, items):
        records = _at_once(items, arrival)
        if records is not None:
            return Delivery(tuple(records), tuple(range(len(records))), [], len(line))
        for item in items:  # it is all looked at once more
            if isinstance(item, dict):
                withdraw(item, arrival)
    return _loose(line, arrival)


def told(outcome: Outcome, said: Delivery | None = None) -> dict[str, Any]:
    """The answer to a delivery; positions count from 0 in the line as it was sent."""
    refused = [*said.rejected] if said else []
    for i, reason in outcome.rejected:
        refused.append(Rejection(said.positions[i] if said else i, reason))
    nothing = not (outcome.duplicate or refused)
    return {
        "result": "committed"
        if outcome.committed or nothing
        else "duplicate"
        if outcome.duplicate
        else "rejected",
        "committed": outcome.committed,
        "duplicate": outcome.duplicate,
        "rejected": [_rejection(one, whole=n < MOST_TOLD) for n, one in enumerate(sorted(refused))],
    }


def _rejection(one: Rejection, *, whole: bool) -> dict[str, Any]:
    """Why a record was refused; after the first fifty in a few words, so that no answer grows huge."""
    if not whole:
        return {"position": one.position, "reason": _cut(one.reason, SHORT_REASON)}
    faults = [{"path": _cut(path, SHORT_REASON), "fault": what} for path, what in one.faults]
    told: dict[str, Any] = {"position": one.position, "reason": _cut(one.reason, LONG_REASON)}
    return {**told, "faults": faults} if faults else told


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


# A NUL in a text; a key whose colon stands apart, so that counting would miss it.
_CLOSER = (b"\\u0000", b" :", b"\t:", b"\r:")


def _is_plain(line: bytes, items: list[Any]) -> bool:
    """Whether nothing on the line needs a closer look: no key twice in an object, no NUL in a text.

    JSON readers keep the last of two equal keys and say nothing. So the keys that are left are counted
    against those on the line; a text that looks like one costs no more than the closer look.
    """
    if any(mark in line for mark in _CLOSER):
        return False
    try:
        keys = sum(map(len, items))
        on_line = line.count(b'":')
        return on_line == keys or on_line == sum(map(_keys, items))
    except (TypeError, RecursionError):  # a record that has no keys, or more levels than we can walk down
        return False


def _keys(value: object) -> int:
    if isinstance(value, dict):
        return len(value) + sum(_keys(v) for v in value.values() if isinstance(v, (dict, list)))
    return sum(map(_keys, value)) if isinstance(value, list) else 0


def _at_once(items: list[dict[str, Any]], arrival: Arrival) -> list[msgspec.Struct] | None:
    """All records of a line; None when there is one that does not fit."""
    kinds = pushed_kinds()
    convert = msgspec.convert
    records: list[msgspec.Struct] = []
    try:
        for item in items:
            kind = kinds[item["kind"]]
            prepare(kind, item, arrival)
            record = convert(item, kind.struct)
            if kind.has_documents and _has_bad_document(kind, record):
                return None
            records.append(record)
    except (KeyError, TypeError, AttributeError, ValueError, RecursionError):
        return None
    return records


def _has_bad_document(kind: Kind, record: Any) -> bool:
    given = [(column, getattr(record, column.column_name)) for column in kind.document_columns]
    for part in kind.parts:
        inside = getattr(record, part.field)
        if inside is not None:
            given += [(column, getattr(inside, column.column_name)) for column in part.documents]
    return any(
        next(document_faults("", value, column.longest), None) for column, value in given if value is not None
    )


def _loose(line: bytes, arrival: Arrival) -> Question | Delivery:
    """The closer look: each record on its own, read by a reader that misses nothing."""
    text = line.decode("utf-8", "surrogateescape")
    pieces = apart(text)
    if len(pieces) > MOST_RECORDS:
        return _too_many(len(pieces), len(line))
    return _one_by_one(pieces, arrival, len(line))


def _one_by_one(pieces: list[str], arrival: Arrival, size: int) -> Delivery:
    records: list[msgspec.Struct] = []
    positions: list[int] = []
    rejected: Rejections = []
    for position, piece in enumerate(pieces):
        try:
            records.append(checked(loads(piece), arrival))
            positions.append(position)
        except Refused as error:
            rejected.append(Rejection(position, str(error), tuple(error.faults)))
    return Delivery(tuple(records), tuple(positions), rejected, size)


def _too_many(count: int, size: int) -> Delivery:
    """Refused as one, like a line that is too long: a megabyte of commas must not cost an answer of 70."""
    reason = f"{count:,} records on one line; at most {MOST_RECORDS:,}"
    return Delivery((), (), [Rejection(0, reason)], size)
