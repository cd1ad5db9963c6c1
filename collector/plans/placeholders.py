"""Statements without their values: what stands for a value is put so that the database can plan with it."""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

from collector.fingerprint import Dialect
from collector.fingerprint.cutting import REDACTION

# A value that fits nearly every column, so that MySQL, which plans for values only, shows a way to rows:
# as a text, as a number (2000) and as a time. With NULL it says "Impossible WHERE" and nothing else.
ANY_VALUE = "'2000-01-01'"
ANY_COUNT = "1000"

_COUNTED = re.compile(r"\b(?:limit|offset)\s+(?:[\d?]+\s*,\s*)?\Z", re.IGNORECASE)
# Such a word makes a text literal a time, and only that.
_TYPED = re.compile(r"\b(interval|date|timestamptz|timestamp|time)\s+\Z", re.IGNORECASE)
_LIST = r"\+(?=[\])])"  # a normalised list, `IN (?+)`
_UNNAMED = {
    # In PostgreSQL `?`, `?|`, `?&` and `@?` are operators of jsonb, too.
    "postgresql": rf"(?<![@?])\?(?:{_LIST}|(?![?|&]|\s*[?'$%]))",
    "sqlite": rf"\?(?:{_LIST})?",
    "mysql": rf"\?(?:{_LIST})?",
}
_MARKS = "?$:%@"


class Explainable(NamedTuple):
    """A statement that can be explained, and how many values the database is to be given for it."""

    sql: str
    values: int


def explainable(sql: str, dialect: Dialect) -> Explainable:
    """``sql`` with its placeholders (``?``, ``$1``, ``:name``, ``%s``) as the database takes them.

    They become ``$1`` for PostgreSQL and ``?1`` for SQLite, the same name the same number; MySQL gets values
    of ours. Literals, comments and quoted names stay as they are. Unknown dialects come back unchanged.
    """
    if dialect not in _UNNAMED:
        return Explainable(sql, 0)
    numbers: dict[str, int] = {}
    kept, at = [], 0
    for found in _pattern(dialect).finditer(sql):
        mark = found[0]
        if mark[0] not in _MARKS or (mark[0] == mark[-1] == "$"):  # a literal, a name, a comment
            continue
        before = sql[at : found.start()]
        typed = _TYPED.search(before) if dialect == "postgresql" else None
        kept += [before[: typed.start()] if typed else before]
        kept += [
            _any_value(sql[: found.start()][-60:]) if dialect == "mysql" else _put(mark, dialect, numbers)
        ]
        kept += [f"::{typed[1]}"] if typed else []
        at = found.end()
    return Explainable("".join([*kept, sql[at:]]), len(numbers))


@cache
def _pattern(dialect: Dialect) -> re.Pattern[str]:
    return re.compile(f"(?:{REDACTION[dialect].pattern})|{_UNNAMED[dialect]}", re.DOTALL)


def _any_value(before: str) -> str:
    return ANY_COUNT if _COUNTED.search(before) else ANY_VALUE


def _put(mark: str, dialect: Dialect, numbers: dict[str, int]) -> str:
    # Unnamed ones are each their own.
    name = f"{mark} {len(numbers)}" if mark in ("?", "?+", "%s") else mark
    number = numbers.setdefault(name, len(numbers) + 1)
    return f"${number}" if dialect == "postgresql" else f"?{number}"
