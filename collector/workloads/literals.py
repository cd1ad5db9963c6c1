"""The literals of a workload's statement: kept out of its command, its plans and what is said of it."""

from __future__ import annotations

import re
from typing import cast

from collector.fingerprint import Dialect, redacted
from collector.fingerprint.cutting import QUOTES, REDACTION

_QUOTES = "'\""
# Where PostgreSQL shows a part of the statement with a mark below it: it may begin within a literal.
_EXCERPT = re.compile(r" LINE \d+: .*\^")


def shown_statement(query: str, scheme: str) -> str:
    """A statement in one line, with ``?`` for every literal and without comments."""
    return " ".join(redacted(query, cast("Dialect", scheme)).split())


def shown_plan(plan: str, scheme: str) -> str:
    """A plan without literals."""
    # Plans are seldom told, and what reads them is as large as all kinds of record together.
    from collector.plans import redacted_plan  # noqa: PLC0415

    return redacted_plan(plan, scheme)


def without_literals(said: str, query: str, scheme: str) -> str:
    """What a database said of a statement, without the texts that stand in it."""
    said, dialect = _EXCERPT.sub("", said), cast("Dialect", scheme)
    of_texts = set(_QUOTES) - set(QUOTES[dialect])  # others are those of names
    texts = {found[0][1:-1] for found in REDACTION[dialect].finditer(query) if found[0][0] in of_texts}
    for text in texts - {""}:
        for quote in _QUOTES:
            said = said.replace(f"{quote}{text}{quote}", f"{quote}***{quote}")
    return said
