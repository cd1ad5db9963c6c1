"""How rows of any kind look: as a table with what matters first, or one row whole.

Which columns matter follows from the model: the moment, what a row can be found by, how it went, then
figures in the order of the model; numbers of the sender's own and long texts come last.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from collector.figures import figure
from collector.orm import peewee
from collector.records.base import Kind
from collector.records.columns import Document, Flag, Real, Reference, Text, Timestamp, Whole
from collector.row_lines import flat, flat_columns
from collector.tables import Column

Row = dict[str, Any]

# A text that may be longer stands last, and only one of them.
_LONG = 2000
_MOST_CELL = 65_536
_RARELY = {"record_id", "created_at"}
_HOW_IT_WENT = {"success", "outcome"}
# These matter more than their place in the model says.
_MORE = (
    "tokens_per_second",
    "endpoint",
    "user_id",
    "waiting_connections",
    "p95_duration_ms",
    "others_percent",
)
_UNITS = (
    "_bytes_per_s", "_per_s", "_percent", "_percentage", "_bytes", "_ms", "_seconds", "_celsius", "_mhz",
    "_mb",
)  # fmt: skip
_SHORTEST = 10


def as_table(kind: Kind, rows: Sequence[Row], now_ms: int) -> tuple[list[Column], list[list[str]]]:
    """The columns that hold something in any of the rows, and the cells; the least important are spare."""
    lines = [flat(row) for row in rows] if kind.parts else list(rows)
    # What may be megabytes is for --json, and for one row whole.
    columns = {name: column for name, column in flat_columns(kind).items() if not _is_huge(column)}
    held = {name: c for name, c in columns.items() if any(line.get(name) is not None for line in lines)}
    names = _in_order(kind, held)
    titles = _titles(names, kind)
    spare = _spare(names, columns, kind)
    shown = [_column(columns[name], titles[name], spare[name]) for name in names]
    cells = [[figure(columns[name], line.get(name), now_ms) for name in names] for line in lines]
    return shown, cells


def _is_huge(column: Any) -> bool:
    return isinstance(column, Document) and column.longest > _MOST_CELL


def whole(kind: Kind, row: Row, now_ms: int) -> Iterator[str]:
    """Every column that holds something, one a line; JSON and texts of several lines below the others."""
    parts = {part.field for part in kind.parts}
    columns = {column.column_name: column for column in kind.columns}
    yield from _facts({name: value for name, value in row.items() if name not in parts}, columns, now_ms)
    for part in kind.parts:
        if row.get(part.field) is not None:
            yield f"{part.field}:"
            inner = {column.column_name: column for column in part.given}
            yield from (f"  {line}" for line in _facts(row[part.field], inner, now_ms))


def _facts(row: Row, columns: dict[str, Any], now_ms: int) -> Iterator[str]:
    given = {name: value for name, value in row.items() if value is not None}
    below = {name: text for name, value in given.items() if (text := _lines(value))}
    width = max(map(len, given), default=0)
    for name, value in given.items():
        if name not in below:
            yield f"{name:<{width}}  {figure(columns[name], value, now_ms)}"
    for name, lines in below.items():
        yield f"{name}:"
        yield from (f"  {line}" for line in lines)


def _lines(value: Any) -> list[str]:
    """A text or JSON that takes more than one line, by lines."""
    if isinstance(value, (dict, list)):
        return json.dumps(value, indent=2, ensure_ascii=False).splitlines() if value else []
    lines = value.expandtabs().splitlines() if isinstance(value, str) else []
    return lines if len(lines) > 1 else []


def _in_order(kind: Kind, columns: dict[str, Any]) -> list[str]:
    """The number and the moment first, one long text last; the model's order between them."""
    numbers = [name for name, column in columns.items() if isinstance(column, peewee.AutoField)]
    first = [*numbers, *(name for name in columns if name == kind.moment)]
    long = [name for name, column in columns.items() if _is_long(column)]
    between = [name for name in columns if name not in {*first, *long}]
    between.sort(key=lambda name: name in _RARELY)
    return [*first, *between, *long[:1]]


def _is_long(column: Any) -> bool:
    return isinstance(column, Document) or (
        isinstance(column, Text) and bool(column.rules["max_length"] >= _LONG)
    )


def _spare(names: Sequence[str], columns: dict[str, Any], kind: Kind) -> dict[str, int]:
    """The higher, the sooner a column goes; 0 stays: the moment, the first text, figure, and how it went."""
    texts = [name for name in names if isinstance(columns[name], (Text, Reference)) and name not in _RARELY]
    figures = [name for name in names if _is_figure(columns[name])]
    long = [name for name in names if _is_long(columns[name]) and isinstance(columns[name], Text)]
    went = [name for name in names if name in _HOW_IT_WENT]
    stays = {kind.moment, *texts[:1], *(figures or long)[:1], *went}
    rest = [name for name in names if name not in stays]
    rest.sort(key=lambda name: (name not in _MORE, name in _RARELY, isinstance(columns[name], Document)))
    return dict.fromkeys(names, 0) | {name: place for place, name in enumerate(rest, 1)}


def _is_figure(column: Any) -> bool:
    return isinstance(column, (Whole, Real)) and not isinstance(column, Timestamp)


def _column(column: Any, title: str, spare: int) -> Column:
    if isinstance(column, (Text, Reference, Document)):
        return Column(title, cut=max(_SHORTEST, len(title)), spare=spare)
    return Column(title, right=not isinstance(column, Flag), spare=spare)


def _titles(names: Sequence[str], kind: Kind) -> dict[str, str]:
    """Names as words, without a unit that every figure carries; with it where two would be alike."""
    short = {name: _without_unit(name) for name in names}
    alike = [title for title in short.values() if list(short.values()).count(title) > 1]
    titles = {name: name if title in alike else title for name, title in short.items()}
    words = {name: title.rpartition(".")[2].replace("_", " ") for name, title in titles.items()}
    return words | ({kind.moment: "when"} if kind.moment in ("timestamp", "recorded_at") else {})


def _without_unit(name: str) -> str:
    return next((name.removesuffix(unit) for unit in _UNITS if name.endswith(unit)), name)
