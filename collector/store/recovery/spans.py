"""Stretches of a table between two keys, and the SQL that reads them from one of their ends."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from collector.store.recovery.walks import Walk

# The largest key that is believed: numbers count up from 1, moments are in ms. A damaged one may be anything.
LAST = 2**53

Row = tuple[Any, ...]
Key = tuple[Any, ...]


class Span(NamedTuple):
    """The rows between two keys, neither of which belongs to it; None for the end of the table.

    A bound may be the beginning of a key. ``top`` and ``bottom`` say that damage begins there; ``cuts``
    is how often it was cut since rows were found.
    """

    low: Key | None = None
    high: Key | None = None
    top: bool = False
    bottom: bool = False
    cuts: int = 0


class Portion(NamedTuple):
    """Rows, and the spans that are left of the one they are from, to be read from the last one on.

    ``lost``: nothing more can be read of the span. ``refused``: rows that are left out for their keys.
    """

    rows: list[Row]
    left: list[Span]
    lost: bool = False
    refused: int = 0


def behind(walk: Walk, span: Span, rows: list[Row], *, down: bool) -> Span:
    """What is left of a span after some rows from its top, or from its bottom."""
    if not rows:
        return span
    key = tuple(rows[-1][walk.columns.index(name)] for name in walk.key)
    return span._replace(high=key, cuts=0) if down else span._replace(low=key, cuts=0)


def follows(key: Key, before: Key | None, *, down: bool) -> bool:
    """Whether a key stands where it should; those of garbage may be of another type."""
    if before is None:
        return True
    try:
        is_below, is_above = key[: len(before)] < before, key[: len(before)] > before
    except TypeError:
        return False
    return is_below if down else is_above


def select(
    walk: Walk, columns: Sequence[str], low: Key | None, high: Key | None, *, down: bool
) -> tuple[str, list[Any]]:
    """SQL of the rows between two keys in their order, or from the end on; and what to bind."""
    where, bound = [], []
    if walk.fixed is not None:
        where, bound = ["tier_s = ?"], [walk.fixed]
    for sign, end in ((">", low), ("<", high)):
        if end is not None:
            where.append(f"({names(walk.key[: len(end)])}) {sign} ({', '.join('?' * len(end))})")
            bound += end
    order = ", ".join(f'"{name}" {"DESC" if down else "ASC"}' for name in walk.key)
    sql = f'SELECT {names(columns)} FROM "{walk.table}" WHERE {" AND ".join(where) or 1} ORDER BY {order}'  # noqa: S608  # names of ours
    return sql, bound


def names(columns: Sequence[str]) -> str:
    """SQL of them."""
    return ", ".join(f'"{name}"' for name in columns)
