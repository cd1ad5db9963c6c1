"""Writes ``docs/records.md`` from the models: ``make docs``. A test fails when the page is not up to date."""

from __future__ import annotations

import inspect
from pathlib import Path

from collector import records  # noqa: F401  # announces the record kinds
from collector.records.base import KINDS, Kind

PAGE = Path(__file__).parent / "records.md"

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
        "| column | unit | what it is |",
        "|---|---|---|",
    ]
    for column in kind.columns:
        null = "" if not column.null or "null" in column.help_text else "; may be null"
        lines.append(f"| `{column.column_name}` | {getattr(column, 'unit', '')} | {column.help_text}{null} |")
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
