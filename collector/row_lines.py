"""Rows as lines of text for other programs: JSON lines that can be sent again, and CSV.

Data stays as it is: a text that begins with ``=`` is a formula to a spreadsheet that opens the CSV.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from collector.orm import peewee
from collector.records.base import Kind

Row = dict[str, Any]


def flat_columns(kind: Kind) -> dict[str, Any]:
    """All columns of a kind by name; those of its parts as ``part.column``."""
    own = {column.column_name: column for column in kind.columns}
    inner = {
        f"{part.field}.{column.column_name}": column
        for part in kind.parts
        if part.key
        for column in part.given
    }
    return own | inner


def flat(row: Row) -> Row:
    """A row with what its parts hold beside its own columns, under the names of `flat_columns`.

    A JSON column is no part, and no name of one has a dot in it: what is not looked for does no harm.
    """
    inner = {
        f"{name}.{column}": value
        for name, part in row.items()
        if isinstance(part, dict)
        for column, value in part.items()
    }
    return row | inner


def json_lines(kind: Kind, rows: Iterable[Row]) -> Iterator[str]:
    """Each row as the socket takes it: ``kind``, the sender's ``id``, and every column that is not null."""
    parts = [part.field for part in kind.parts if part.key]
    for row in rows:
        given = _without_nulls(_without_number(kind, row))
        sent = {"id": given.pop("record_id")} if "record_id" in given else {}
        inside = {name: _without_nulls(given[name]) for name in parts if name in given}
        # A workload's own `kind` stays: workloads come from the config, nobody sends them.
        line = {"kind": kind.name, **sent, **given, **inside}
        yield msgspec.json.encode(line).decode() + "\n"


def csv_lines(kind: Kind, rows: Iterable[Row], *, header: bool = True) -> Iterator[str]:
    """RFC 4180: a header, then a line a row; null is empty, JSON is its text."""
    columns = list(flat_columns(kind))
    if header:
        yield _csv_line(columns)
    for row in rows:
        values = flat(row) if kind.parts else row
        yield _csv_line(_csv_value(values.get(name)) for name in columns)


def _csv_line(values: Iterable[Any]) -> str:
    line = io.StringIO()
    csv.writer(line).writerow(values)
    return line.getvalue()


def _csv_value(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    return msgspec.json.encode(value).decode() if isinstance(value, (dict, list)) else value


def _without_number(kind: Kind, row: Row) -> Row:
    """A row without the number that the database gives anew to whatever comes in."""
    primary = kind.model._meta.primary_key
    number = primary.column_name if isinstance(primary, peewee.AutoField) else None
    return {name: value for name, value in row.items() if name != number}


def _without_nulls(row: Row) -> Row:
    return {name: value for name, value in row.items() if value is not None}
