"""The steps of a change as they are told in JSON: what the words mean, and all that is wrong with them. Pure.

``{"create": {"kind": …}}``, ``{"update": kind, "where": {…}, "set": {…}}`` or ``{"delete": kind,
"where": {…}}``; ``since_ms`` and ``until_ms`` may stand beside ``where``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from collector.intake.check import Refused, checked, read_value, short, value_faults
from collector.intake.protocol import MOST_RECORDS
from collector.orm import peewee
from collector.records.base import KINDS, Arrival, Document, Kind, Reference, Timestamp, Whole
from collector.records.columns import allowed
from collector.registry import nearest
from collector.store.changes import Change, Create, Delete, Update, Where

_SHAPE = (
    'a step is {"create": {…}}, {"update": kind, "where": {…}, "set": {…}} or {"delete": kind, "where": {…}}'
)
_WORDS = {
    "create": {"create"},
    "update": {"update", "where", "since_ms", "until_ms", "set"},
    "delete": {"delete", "where", "since_ms", "until_ms"},
}
_NUMBER = Whole("the number of a row", minimum=1)
_MOMENT = Timestamp()
_BOUNDS = ("since_ms", "until_ms")

Fault = tuple[str, str]


class WrongStep(Refused):
    """A change of which one step does not fit."""

    def __init__(self, step: int, faults: list[Fault]) -> None:
        super().__init__(faults)
        self.step = step


def steps_of(words: dict[str, Any], arrival: Arrival) -> list[Change]:
    """What is asked for; raises WrongStep with all that is wrong with the first step that does not fit."""
    steps = words.get("steps")
    if not isinstance(steps, list) or not 0 < len(steps) <= MOST_RECORDS:
        raise WrongStep(0, [("steps", f"must be a list of 1 to {MOST_RECORDS:,} steps")])
    made: list[Change] = []
    for step in steps:
        try:
            made.append(step_of(step, arrival))
        except Refused as error:
            raise WrongStep(len(made), error.faults) from None
    return made


def step_of(step: object, arrival: Arrival) -> Change:
    """One step; raises Refused with all that is wrong with it."""
    verbs = [verb for verb in _WORDS if verb in step] if isinstance(step, dict) else []
    if not isinstance(step, dict) or len(verbs) != 1:
        raise Refused([("", _SHAPE)])
    if verbs[0] == "create":
        _refuse(_unknown(step, "create"))
        return Create(checked(step["create"], arrival))
    kind = _changeable(step[verbs[0]])
    where, faults = _where(kind, step)
    faults = [*_unknown(step, verbs[0]), *faults, *_too_wide(where)]
    if verbs[0] == "delete":
        _refuse(faults)
        return Delete(where)
    values, wrong = _values(kind, step.get("set"))
    _refuse([*faults, *wrong])
    return Update(where, values)


def where_of(kind: Kind, words: dict[str, Any]) -> Where:
    """Which rows ``where``, ``since_ms`` and ``until_ms`` mean; raises Refused with all that is wrong."""
    where, faults = _where(kind, words)
    _refuse(faults)
    return where


def kind_named(name: object) -> Kind:
    """The kind of this name; raises Refused with the nearest."""
    if isinstance(name, str) and name in KINDS:
        return KINDS[name]
    hint = nearest(str(name)[:80], KINDS) or f"; there are {', '.join(KINDS)}"
    raise Refused([("kind", f"unknown {short(name)}{hint}")])


def _refuse(faults: Iterable[Fault]) -> None:
    if found := [*faults]:
        raise Refused(found)


def _unknown(step: dict[str, Any], verb: str) -> Iterator[Fault]:
    for word in [word for word in step if word not in _WORDS[verb]]:
        yield "", f"unknown word {short(word)}{nearest(str(word)[:80], _WORDS[verb])}"


def _changeable(name: object) -> Kind:
    kind = kind_named(name)
    can = [other.name for other in KINDS.values() if other.family == "reported" or other.name == "run"]
    if kind.name not in can:
        known = ", ".join(can)
        raise Refused([("kind", f"{kind.name} is written by the recorder alone; changed can be {known}")])
    return kind


def _too_wide(where: Where) -> Iterator[Fault]:
    """A slip must not empty a table, so there is no way to mean all rows."""
    if not where.columns and not where.since_ms and where.until_ms is None:
        yield (
            "where",
            "must name a column, or since_ms or until_ms beside it: all rows at once cannot be meant",
        )


def _where(kind: Kind, words: dict[str, Any]) -> tuple[Where, list[Fault]]:
    given = words.get("where") or {}
    if not isinstance(given, dict):
        return Where(kind), [("where", f"must be an object of columns, not {short(given)}")]
    columns, faults = dict[str, Any](), list[Fault]()
    for name, value in given.items():
        column = _column(kind, name)
        columns[name], wrong = (
            (value, [_no_column(kind, name)]) if column is None else _asked(name, column, value)
        )
        faults += [(_path("where", path), what) for path, what in wrong]
    bounds = {name: read_value(_MOMENT, words[name]) for name in _BOUNDS if words.get(name) is not None}
    for name, value in bounds.items():
        faults += (
            value_faults(name, _MOMENT, value) if kind.moment else [(name, f"{kind.name} has no moment")]
        )
    return Where(kind, columns, bounds.get("since_ms"), bounds.get("until_ms")), faults  # type: ignore[arg-type]  # checked above


def _asked(name: str, column: Any, value: object) -> tuple[object, list[Fault]]:
    """What a column is compared with, and what is wrong with it."""
    if value is None:
        return None, []
    if isinstance(column, Document):
        return None, [(name, "holds JSON: it can only be asked for null")]
    if not isinstance(value, list):
        value = read_value(column, value)
        return value, _compared(name, column, value)
    read = [read_value(column, one) for one in value]
    return read, [fault for i, one in enumerate(read) for fault in _compared(f"{name}[{i}]", column, one)]


def _compared(path: str, column: Any, value: object) -> list[Fault]:
    if value is None:
        return [(path, "null cannot stand in a list")]
    return [*value_faults(path, column, value)]


def _values(kind: Kind, given: object) -> tuple[dict[str, Any], list[Fault]]:
    if not isinstance(given, dict) or not given:
        return {}, [("set", f"must be an object with a column or more, not {short(given)}")]
    values, faults = dict[str, Any](), list[Fault]()
    for name, value in given.items():
        column = _column(kind, name)
        values[name] = value if column is None else read_value(column, value)
        wrong = [_no_column(kind, name)] if column is None else _set(kind, name, column, values[name])
        faults += [(_path("set", path), what) for path, what in wrong]
    return values, faults


def _set(kind: Kind, name: str, column: Any, value: object) -> Iterable[Fault]:
    if name == "record_id" or _is_key(kind, name):
        return [(name, "is what the row is known by: it cannot be set")]
    if value is None:
        return [] if column.null else [(name, f"must not be null: {allowed(column)}")]
    return value_faults(name, column, value)


def _is_key(kind: Kind, name: str) -> bool:
    meta: Any = kind.model._meta
    keys = [meta.primary_key, *(column for column in meta.sorted_fields if isinstance(column, Reference))]
    return any(key.column_name == name for key in keys)


def _column(kind: Kind, name: object) -> Any:
    """The column of this name; what the database counts by itself has no rules of its own."""
    column: Any = next((c for c in kind.columns if c.column_name == name), None)
    return _NUMBER if isinstance(column, peewee.AutoField) else column


def _no_column(kind: Kind, name: object) -> Fault:
    return (
        "",
        f"unknown column {short(name)}{nearest(str(name)[:80], [c.column_name for c in kind.columns])}",
    )


def _path(around: str, path: str) -> str:
    return f"{around}.{path}" if path else around
