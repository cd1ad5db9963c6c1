"""JSON lines: records as they come, in constant memory, and which of them are the same."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from types import TracebackType
from typing import Any, BinaryIO, NamedTuple

import msgspec

from collector.importers.base import Entry, Fault
from collector.intake.check import Refused
from collector.intake.loose import loads
from collector.intake.protocol import LONGEST_LINE
from collector.sqlite import sqlite3

READ_BYTES = 1 << 18
_SPREAD = ("{", "[", "[{")  # how a document begins that somebody laid out over several lines


class Line(NamedTuple):
    """One line, counted from 1. ``text`` is None when it was too long to be kept."""

    number: int
    text: bytes | None


def chunks(stream: BinaryIO) -> Iterator[list[Line]]:
    """The lines that are not blank, as many at a time as there are: what trickles in does not wait."""
    number, rest, is_too_long = 0, b"", False
    while data := _read(stream):
        *whole, rest = (rest + data).split(b"\n")
        found: list[Line] = []
        for text in whole:
            number += 1
            if is_too_long or text.strip():
                found.append(Line(number, None if is_too_long or len(text) > LONGEST_LINE else text))
            is_too_long = False
        if len(rest) > LONGEST_LINE:
            rest, is_too_long = b"", True
        yield found
    if is_too_long or rest.strip():
        yield [Line(number + 1, None if is_too_long else rest)]


def items(line: Line, kind: str | None) -> Iterator[Entry | Fault]:
    """The record of a line, or those of the list that it is; ``kind`` is for those that do not say theirs."""
    where = f"line {line.number}"
    if line.text is None:
        yield Fault(where, f"is longer than {LONGEST_LINE:,} bytes")
        return
    try:
        value = decoded(line.text)
    except Refused as error:
        yield Fault(where, str(error))
        return
    yield from entries(value, where, kind)


def entries(value: Any, where: str, kind: str | None) -> Iterator[Entry | Fault]:
    """The same of a JSON value; ``where`` it stands may be empty."""
    several = isinstance(value, list)
    for n, record in enumerate(value if several else [value], 1):
        place = ", ".join(filter(None, (where, f"record {n}" if several else "")))
        if not isinstance(record, dict):
            yield Fault(place, "a record is a JSON object")
            continue
        if kind is not None:
            record.setdefault("kind", kind)
        yield Entry(place, record)


def decoded(text: bytes) -> Any:
    """What a line of JSON says. Raises Refused. Objects with a key that stands twice come as `Twice`."""
    try:
        value = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _closely(text)
    # The quick reader keeps the last of two equal keys and says nothing: no more colons than keys, no such.
    return value if isinstance(value, dict) and text.count(b":") == len(value) else _closely(text)


def _closely(text: bytes) -> Any:
    try:
        return loads(text.decode("utf-8-sig", "surrogateescape"))
    except Refused:
        if text.strip().decode("ascii", "replace") in _SPREAD:
            told = "a record must stand on one line; `jq -c .` puts it there"
            raise Refused([("", told)]) from None
        raise


def _read(stream: BinaryIO) -> bytes:
    """What is there, without waiting for more."""
    read1 = getattr(stream, "read1", stream.read)
    data: bytes = read1(READ_BYTES)
    return data


class Occurrences:
    """Counts equal lines of a file of any length: on disk where they no longer fit into the cache."""

    def __init__(self) -> None:
        self._seen = sqlite3.connect("", isolation_level=None)  # a file of its own, gone when it is closed
        self._seen.execute("PRAGMA journal_mode=OFF")
        self._seen.execute("CREATE TABLE seen (hash INTEGER PRIMARY KEY, times INTEGER NOT NULL)")
        self._seen.execute("BEGIN")

    def __enter__(self) -> Occurrences:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._seen.close()

    def id(self, *parts: bytes) -> str:
        """The same for the same content at the same occurrence of it: ``hash-1``, ``hash-2``, …"""
        hashed = hashlib.blake2b(b"\0".join(parts), digest_size=16)
        row = self._seen.execute(
            "INSERT INTO seen VALUES (?, 1) ON CONFLICT DO UPDATE SET times = times + 1 RETURNING times",
            (int.from_bytes(hashed.digest()[:8], signed=True),),
        ).fetchone()
        return f"{hashed.hexdigest()}-{row[0]}"
