"""A record of any kind, made from its model: for tests of what holds for all of them."""

from __future__ import annotations

from typing import Any

import msgspec

from collector.records.base import KINDS, Kind
from collector.records.columns import Document, Flag, Real, Reference, Text, Timestamp
from tests.answers.made import Made

TEXTS = {"ip_address": "10.0.0.1", "query_hash": "3f9c2ab0"}


def sample(kind: Kind, n: int, now_ms: int, **given: Any) -> msgspec.Struct:
    """The ``n``-th of them, ``n`` minutes before ``now_ms``: every column holds something."""
    columns = {column.column_name: value(column, n, now_ms) for column in kind.given}
    parts = {
        part.field: part.struct(**{column.column_name: value(column, n, now_ms) for column in part.given})
        for part in kind.parts
        if part.key
    }
    return kind.struct(**(columns | parts | given))


def value(column: Any, n: int, now_ms: int) -> Any:
    """Something that the column may hold, different for each ``n``."""
    if isinstance(column, Timestamp):
        return now_ms - n * 60_000
    if isinstance(column, Flag):
        return n % 2 == 0
    if isinstance(column, Document):
        return {"n": n, "none": None, "list": ["a", "ü"]}
    if isinstance(column, (Text, Reference)):
        choices = getattr(column, "one_of", ())
        return choices[n % len(choices)] if choices else TEXTS.get(column.column_name, "x") + f"{n}"
    if column.python_type is bytes:
        return bytes([n % 100])
    low, high = max(column.rules["ge"], 0), min(column.rules["le"], 100)
    return (low + (n * 7.25) % (high - low)) if isinstance(column, Real) else int(low + n % 90 + 1)


def add_all(made: Made, count: int = 3) -> None:
    """So many of every kind; the families of benchmarks come inside their runs."""
    for kind in KINDS.values():
        if not kind.name.startswith("benchmark_"):
            for n in range(count):
                made.add(sample(kind, n, made.now_ms))
                for part in kind.parts:
                    made.conn.executemany(*part.statement([sample(kind, n, made.now_ms)]))
