"""What Python has and JSON has not, as a record carries it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from collector import clock
from collector.api.refused import Refused, refusing
from collector.intake.check import checked, kind_of
from collector.orm import peewee
from collector.records.base import Arrival
from collector.submit.ids import new_id


def item(kind: str, columns: object) -> Any:
    """A record as the daemon takes it; ``record_id``, as its column is called, is its ``id``."""
    if not isinstance(columns, Mapping):
        return columns
    made = {**columns, "kind": kind}
    for name in [name for name, given in columns.items() if isinstance(given, datetime)]:
        made[name] = value(made[name])
    if "record_id" in made:
        made.setdefault("id", made.pop("record_id"))
    return made


def keyed(kind: str, columns: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
    """The record as the daemon takes it, with what it is known by; raises Refused for no such kind."""
    with refusing():
        primary: Any = kind_of({"kind": kind}).model._meta.primary_key
    record: dict[str, Any] = item(kind, columns)
    name = "id" if isinstance(primary, peewee.AutoField) else primary.column_name
    if record.get(name) is None:
        given = record.pop("id", None)
        record[name] = new_id() if given is None else given
    return record, record[name]


def value(given: object) -> object:
    """A moment with a zone in milliseconds; without one it could be any, and is left to be refused."""
    if isinstance(given, datetime) and given.tzinfo is not None:
        return round(given.timestamp() * 1000)
    return given


def condition(given: object) -> object:
    """The same for what a column is compared with: any collection of values is a list."""
    if isinstance(given, (list, tuple, set, frozenset, range)):
        return [value(one) for one in given]
    return value(given)


def untellable(record: object, error: Exception) -> Refused:
    """Why JSON cannot carry a record: with the path and what is allowed, where the check knows."""
    try:
        with refusing():
            checked(record, Arrival(clock.now().wall_ms))
    except Refused as refused:
        return refused
    return Refused(f"cannot be told in JSON: {error}")
