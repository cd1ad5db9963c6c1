"""How a line is read, in portions: a costly one can be set aside while others are served. Pure.

A portion takes a millisecond or so, but for what is done in one call of C: reading the JSON of a megabyte.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import msgspec

from collector.intake.check import Refused, checked, document_faults, prepare, withdraw
from collector.intake.deliveries import (
    MOST_RECORDS,
    MOST_TOLD,
    Delivery,
    Question,
    Rejection,
    Rejections,
    too_many,
    withdraw_texts,
)
from collector.intake.loose import MOST_PIECES, apart, loads, uncollected
from collector.records.base import Arrival, Kind, pushed_kinds

PORTION = 16  # records that are looked at in a row

Reading = Generator[None, None, Question | Delivery]
_SHORT = 1 << 16  # bytes of a line in which no crowd of lists can be
_CROWD = 20_000  # a thousand benchmarks have 13,000
_NO_JSON = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def reading(line: bytes, arrival: Arrival) -> Reading:
    """Read one line; it yields after each portion. Whatever the line holds, this does not raise.

    Closed in the middle, it has the texts offered again that its records were to bring.
    """
    found = _Found()
    try:
        return (yield from _read(line, arrival, found))
    except GeneratorExit:
        if arrival.statements is not None:
            withdraw_texts(found.records, arrival.statements)
        raise


def _read(line: bytes, arrival: Arrival, found: _Found) -> Reading:
    if _has_crowd(line) and line.lstrip().startswith(b"["):  # records in their hundred thousands, or nonsense
        return (yield from _loose(line, arrival, found))
    try:
        document = _decoded(line)
    except _NO_JSON:
        return (yield from _loose(line, arrival, found))
    if isinstance(document, dict) and isinstance(document.get("ask"), str):
        return Question(document["ask"], document)
    items = document if isinstance(document, list) else [document]
    if len(items) > MOST_RECORDS:
        return too_many(f"{len(items):,}", len(line))
    if not _is_plain(line, items):
        return (yield from _loose(line, arrival, found))
    return (yield from _plain(line, items, arrival, found))


def _decoded(line: bytes) -> Any:
    if len(line) < _SHORT:
        return msgspec.json.decode(line)
    with uncollected():
        return msgspec.json.decode(line)


def _has_crowd(line: bytes) -> bool:
    """Whether so many lists and objects are on it, or what looks like them, that making them takes long."""
    return len(line) > _CROWD and line.count(b"[") + line.count(b"{") > _CROWD


class _Found:
    """What a line brought so far."""

    def __init__(self) -> None:
        self.records: list[msgspec.Struct] = []
        self.positions: list[int] = []
        self.rejected: Rejections = []

    def add(self, position: int, records: list[msgspec.Struct]) -> None:
        """Records that fit, the first of them at ``position``."""
        self.records += records
        self.positions += range(position, position + len(records))

    def look(self, position: int, item: object, arrival: Arrival) -> None:
        """Look closely at one that seems not to fit; all is told only of the first ones that do not."""
        try:
            record = checked(item, arrival, whole=len(self.rejected) < MOST_TOLD)
        except Refused as error:
            self.refuse(position, error)
        else:
            self.add(position, [record])

    def refuse(self, position: int, error: Refused) -> None:
        """One that does not fit."""
        self.rejected.append(Rejection(position, str(error), tuple(error.faults)))

    def delivery(self, size: int) -> Delivery:
        """All of it."""
        return Delivery(tuple(self.records), tuple(self.positions), self.rejected, size)


def _plain(line: bytes, items: list[Any], arrival: Arrival, found: _Found) -> Reading:
    """The quick way. An item that fails there is looked at alone, and anew: the quick way has changed it."""
    at, again = 0, None
    while at < len(items):
        portion = items[at : at + PORTION]
        good = _as_far_as_good(portion, arrival)
        found.add(at, good)
        at += len(good)
        if len(good) < len(portion):
            _withdraw(items[at], arrival)
            again = _decoded(line) if again is None else again
            found.look(at, again[at] if isinstance(again, list) else again, arrival)
            at += 1
        if at < len(items):
            yield
    return found.delivery(len(line))


def _loose(line: bytes, arrival: Arrival, found: _Found) -> Reading:
    """The closer look: each record on its own, read by a reader that misses nothing."""
    pieces = yield from apart(line.decode("utf-8", "surrogateescape"))
    if len(pieces) > MOST_RECORDS:
        enough = len(pieces) > MOST_PIECES
        return too_many(f"more than {MOST_PIECES:,}" if enough else f"{len(pieces):,}", len(line))
    for position, piece in enumerate(pieces):
        record = _plain_piece(piece, arrival)
        if record is not None:
            found.add(position, [record])
        else:
            try:
                found.look(position, loads(piece), arrival)
            except Refused as error:
                found.refuse(position, error)
        yield
    return found.delivery(len(line))


def _plain_piece(piece: str, arrival: Arrival) -> msgspec.Struct | None:
    """The quick way for one record of a line that is no good as a whole; None when it needs a closer look."""
    text = piece.encode("utf-8", "surrogateescape")
    try:
        item = msgspec.json.decode(text)
    except _NO_JSON:
        return None
    if not isinstance(item, dict) or not _is_plain(text, [item]):
        return None
    records = _as_far_as_good([item], arrival)
    if not records:
        withdraw(item, arrival)
        return None
    return records[0]


# A NUL in a text; a key whose colon stands apart, so that counting would miss it.
_CLOSER = (b"\\u0000", b" :", b"\t:", b"\r:")


def _is_plain(line: bytes, items: list[Any]) -> bool:
    """Whether nothing on the line needs a closer look: no key twice in an object, no NUL in a text.

    JSON readers keep the last of two equal keys and say nothing. So the keys that are left are counted
    against those on the line; a text that looks like one costs no more than the closer look.
    """
    if any(mark in line for mark in _CLOSER) or _has_crowd(line):
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


def _as_far_as_good(items: list[dict[str, Any]], arrival: Arrival) -> list[msgspec.Struct]:
    """The records up to the first that does not fit."""
    kinds = pushed_kinds()
    convert = msgspec.convert
    records: list[msgspec.Struct] = []
    try:
        for item in items:
            kind = kinds[item["kind"]]
            prepare(kind, item, arrival)
            record = convert(item, kind.struct)
            if kind.has_documents and _has_bad_document(kind, record):
                break
            records.append(record)
    except (KeyError, TypeError, AttributeError, ValueError, RecursionError):
        return records
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


def _withdraw(item: object, arrival: Arrival) -> None:
    if isinstance(item, dict):
        withdraw(item, arrival)
