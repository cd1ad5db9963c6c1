"""Writes ``docs/records.md`` from the models: ``make docs``. A test fails when the page is not up to date."""

from __future__ import annotations

import inspect
import json
from pathlib import Path
from typing import Any

from collector import records  # noqa: F401  # announces the record kinds
from collector.answers import indexed
from collector.orm import peewee
from collector.records.base import KINDS, Kind
from collector.records.columns import Bytes, Document, Flag, Real, Reference, Text, Timestamp, Whole

PAGE = Path(__file__).parent / "records.md"

TYPES = {
    peewee.AutoField: "whole number", Whole: "whole number", Timestamp: "time", Real: "number", Text: "text",
    Flag: "true/false", Document: "JSON", Reference: "text", Bytes: "bytes",
}  # fmt: skip

HEAD = """\
# Records

Everything collector stores, one table a kind of record. This page is made from the models in
`collector/records/` by `make docs`.

Times are milliseconds since the Unix epoch, UTC. `_percent` and `_per_s` are over the time since the
row before, `_bytes` are levels. A hole in the record is a row in `gaps`, never a zero.
"""
FAMILIES = {
    "machine": "The machine",
    "recorder": "The recorder itself",
    "workload": "Workloads",
    "reported": "What applications report",
    "answers": "What answers keep",
}


def page() -> str:
    """The whole page."""
    parts = [HEAD]
    for family, title in FAMILIES.items():
        kinds = [kind for kind in KINDS.values() if kind.family == family]
        if kinds:
            parts.append(f"## {title}\n")
            parts += [section(kind) for kind in kinds]
    return "\n".join(parts)


def section(kind: Kind) -> str:
    """One kind: what it is for, and a line a column."""
    about = inspect.cleandoc(kind.model.__doc__ or "")
    pushed = " Applications may send it." if kind.pushed else ""
    if kind.pushed and kind.parts and kind.key:
        inside = ", ".join(f"`{part.field}` (`{part.table}`)" for part in kind.parts)
        pushed += f" Inside it may stand {inside}."
    lines = [
        f"### `{kind.table}`",
        "",
        f"Kind `{kind.name}`.{pushed} {about}",
        "",
        f"Source: {kind.source}.",
        "",
        "| column | type | unit | what it is |",
        "|---|---|---|---|",
    ]
    lines += [row(column) for column in kind.columns]
    return "\n".join([*lines, "", *indexes(kind)])


def row(column: Any) -> str:
    """One column; where it does not come from the kind's source, that is said."""
    null = "" if not column.null or "null" in column.help_text else "; may be null"
    unit = getattr(column, "unit", "")
    about = f"{column.help_text}{null}{origin(column)}"
    return f"| `{column.column_name}` | {TYPES[type(column)]} | {unit} | {about} |"


def origin(column: Any) -> str:
    """What stands there when the sender leaves it out."""
    if getattr(column, "arrival", False):
        return "; left out: the moment it came in"
    if getattr(column, "filled_by", "") and "left out" not in column.help_text:
        return "; left out: worked out"
    default = getattr(column, "default", None)
    return "" if default is None else f"; left out: `{json.dumps(default)}`"


def indexes(kind: Kind) -> list[str]:
    """The columns by which `collector show` finds rows at once."""
    made = [", ".join(f"`{name}`" for name in index.columns) for index in indexed.indexes(kind)]
    return [f"Indexed: {'; '.join(dict.fromkeys(made))}.", ""] if made else []


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
