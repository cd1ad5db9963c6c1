"""Whether a record from outside fits its kind: every fault at once, each with its path and what is allowed.

Pure. The quick way checks a whole line in one call; whoever fails there is looked at here, alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from itertools import islice
from math import isfinite
from typing import Any

import msgspec

from collector.records.base import Arrival, Document, Kind, Part, Timestamp, pushed_kinds, typed
from collector.records.columns import INT64, allowed, over
from collector.registry import nearest

DEEPEST = 32  # levels of a JSON document in a record
# So many unknown keys of an object are named, so many of them with a guess: a line can hold 100,000.
_MOST_NAMED = 20
_MOST_GUESSED = 3
_SHOWN = 60


class Refused(ValueError):
    """A record that does not fit; ``faults`` are (path, what is wrong with it)."""

    def __init__(self, faults: list[tuple[str, str]]) -> None:
        super().__init__("; ".join(f"{path}: {what}" if path else what for path, what in faults))
        self.faults = faults


class Twice(dict[str, Any]):
    """A JSON object in which a key stands twice; ``key`` is the first such."""

    key = ""


def checked(item: object, arrival: Arrival, *, whole: bool = True) -> msgspec.Struct:
    """The record that ``item`` describes; raises Refused with everything that is wrong with it.

    Unless ``whole``: with the first of it, and without a guess at what was meant, which takes longest.
    """
    if not isinstance(item, dict):
        raise Refused([("", "a record is a JSON object")])
    kind = kind_of(item, guess=whole)
    columns = {key: value for key, value in item.items() if key != "kind"}
    faults = [*_twice("", item)]
    try:
        prepare(kind, columns, arrival)
    except ValueError as error:
        faults += [_own_fault(kind, str(told)) for told in error.args]
    if whole or not faults:
        found = _faults(columns, kind.given, kind.parts, kind.inputs, _MOST_GUESSED if whole else 0)
        faults += found if whole else islice(found, 1)
    if faults:
        withdraw(columns, arrival)
        raise Refused(faults)
    made: msgspec.Struct = msgspec.convert({**columns, "kind": kind.name}, kind.struct)
    return made


def kind_of(item: Mapping[str, Any], *, guess: bool = True) -> Kind:
    """The kind that a record names; raises Refused when it is none that may come from outside."""
    name, pushed = item.get("kind"), pushed_kinds()
    if isinstance(name, str) and name in pushed:
        return pushed[name]
    known = f"allowed are {', '.join(pushed)}"
    if name is None:
        raise Refused([("kind", f"is missing; {known}")])
    meant = nearest(str(name)[:80], pushed) if guess else ""
    raise Refused([("kind", f"unknown {short(name)}{meant or '; ' + known}")])


def prepare(kind: Kind, columns: dict[str, Any], arrival: Arrival) -> None:
    """Add what follows from a record and from its arrival. Raises ValueError of the kind's own."""
    try:
        if kind.arrive is not None:
            kind.arrive(columns, arrival)
    finally:  # or a moment that may be left out would be called missing beside the kind's own fault
        for name in kind.stamped:
            if columns.get(name) is None:
                columns[name] = arrival.now_ms


def withdraw(columns: Mapping[str, Any], arrival: Arrival) -> None:
    """These columns are not taken after all: the text of their statement may come with the next."""
    query = columns.get("query")
    query_hash = query.get("query_hash") if isinstance(query, dict) else None
    if arrival.statements is not None and isinstance(query_hash, str):
        arrival.statements.withdraw(query_hash)


class _TooLong(Exception):
    """More values than a document of its length can have."""


class _Left:
    """How many values of a document may still come: each has two characters at least, with what parts it."""

    def __init__(self, values: int) -> None:
        self._values = values

    def take(self) -> None:
        """One. Raises _TooLong."""
        self._values -= 1
        if self._values < 0:
            raise _TooLong


def document_faults(path: str, value: object, longest: int) -> Iterator[tuple[str, str]]:
    """What keeps a JSON document from being stored: size, depth, numbers and texts that cannot be kept."""
    try:
        fault = next(_inside(path, value, DEEPEST, _Left(longest // 2)), None)
        if fault is None and len(msgspec.json.encode(value)) > longest:
            fault = _too_long(path, longest)
    except _TooLong:
        fault = _too_long(path, longest)
    except (RecursionError, OverflowError) as error:
        fault = path, f"cannot be kept: {error}"
    if fault is not None:
        yield fault


def _too_long(path: str, longest: int) -> tuple[str, str]:
    return path, f"is longer than {longest:,} characters"


def _faults(
    columns: dict[str, Any],
    known: list[Any],
    parts: tuple[Part, ...],
    inputs: tuple[str, ...],
    guesses: int,
) -> Iterator[tuple[str, str]]:
    """Of one object: its unknown keys, then its columns in order, then what its parts hold."""
    names = {_sent_as(column): column for column in known}
    within = {part.field: part for part in parts}
    unknown = [key for key in columns if key not in names and key not in within]
    yield from _unknown(unknown, [*names, *inputs, *within], guesses)
    for name, column in names.items():
        value = columns.get(name)
        if value is None and (fault := _missing(name, column, columns)):
            yield name, fault
        elif value is not None:
            columns[name] = read_value(column, value)
            yield from value_faults(name, column, columns[name])
    for name, part in within.items():
        yield from _part_faults(name, part, columns.get(name), guesses)


def _unknown(keys: list[str], known: list[str], guesses: int) -> Iterator[tuple[str, str]]:
    for i, key in enumerate(keys[:_MOST_NAMED]):
        yield "", f"unknown column {short(key)}{nearest(key[:80], known) if i < guesses else ''}"
    if len(keys) > _MOST_NAMED:
        yield "", f"{len(keys) - _MOST_NAMED:,} more unknown columns"


def _own_fault(kind: Kind, told: str) -> tuple[str, str]:
    """What a kind says of its own; it names the path where that is a key it makes columns of."""
    path, _, what = told.partition(": ")
    return (path, what) if path in kind.inputs else ("", told)


def _part_faults(name: str, part: Part, value: object, guesses: int) -> Iterator[tuple[str, str]]:
    if value is None:
        return
    if not isinstance(value, dict):
        yield name, f"must be an object, not {short(value)}"
        return
    yield from _twice(name, value)
    for path, what in _faults(value, part.given, (), (), guesses):
        yield f"{name}.{path}" if path else name, what


def _missing(name: str, column: Any, columns: Mapping[str, Any]) -> str:
    if (
        column.null
        or getattr(column, "filled_by", "")
        or (column.default is not None and name not in columns)
    ):
        return ""
    return f"{'must not be null' if name in columns else 'is missing'}: {allowed(column)}"


def read_value(column: Any, value: object) -> object:
    """Times may come as ISO 8601 too; without a zone they are UTC."""
    if not isinstance(column, Timestamp) or not isinstance(value, str):
        return value
    try:
        moment = datetime.fromisoformat(value)
        return round((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)
    except (ValueError, OverflowError):
        return value


def value_faults(path: str, column: Any, value: object) -> Iterator[tuple[str, str]]:
    """What keeps one value from being stored in a column."""
    try:
        msgspec.convert(value, typed(column))
    except (msgspec.ValidationError, RecursionError, OverflowError, UnicodeEncodeError):
        yield path, f"must be {allowed(column)}{over(column, value)}, not {short(value)}"
        return
    if isinstance(column, Document):
        yield from document_faults(path, value, column.longest)
    elif isinstance(value, str) and (fault := _text_fault(value)):
        yield path, fault


def _text_fault(text: str) -> str:
    if "\0" in text:
        return "holds a NUL character, which not every database can keep"
    try:
        text.encode()
    except UnicodeEncodeError:
        return "is not UTF-8: it holds half a surrogate pair, or bytes that are no text"
    return ""


def _inside(path: str, value: object, depth: int, left: _Left) -> Iterator[tuple[str, str]]:
    left.take()
    if depth < 0:
        yield path, f"is nested deeper than {DEEPEST} levels"
    elif isinstance(value, dict):
        yield from _twice(path, value)
        for key, inner in value.items():
            if fault := _text_fault(str(key)):
                yield path, f"a key {fault}"
            yield from _inside(f"{path}.{str(key)[:_SHOWN]}", inner, depth - 1, left)
    elif isinstance(value, list):
        for i, inner in enumerate(value):
            yield from _inside(f"{path}[{i}]", inner, depth - 1, left)
    elif fault := _single_fault(value):
        yield path, fault


def _single_fault(value: object) -> str:
    if isinstance(value, str):
        return _text_fault(value)
    if isinstance(value, float) and not isfinite(value):
        return "is not a finite number"
    if isinstance(value, int) and not INT64[0] <= value <= INT64[1]:
        return "does not fit into 64 bits"
    return ""


def _twice(path: str, value: object) -> Iterator[tuple[str, str]]:
    if isinstance(value, Twice):
        yield path, f"the key {short(value.key)} stands there twice"


def _sent_as(column: Any) -> str:
    return "id" if column.column_name == "record_id" else str(column.column_name)


def short(value: object) -> str:
    """A value as it can be shown in a reason."""
    if isinstance(value, str) and len(value) > _SHOWN:
        return f"a text of {len(value):,} characters"
    if isinstance(value, (dict, list)):
        return "an object" if isinstance(value, dict) else "a list"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    shown = repr(value) if isinstance(value, str) else str(value)
    return shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}…"
