"""Statements that came in, by their fingerprints, and the plans that were seen of them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from collector.answers.timed import Row, ask_sql
from collector.errors import UsageError
from collector.registry import nearest

if TYPE_CHECKING:
    from collector.orm import peewee

FEWEST_DIGITS = 6
"""Digits that a fingerprint may be shortened to."""

_PREFIX = re.compile(r"[0-9a-f]{6,}")
_MOST_NAMED = 3


def is_fingerprint(words: str) -> bool:
    """Whether what was typed is one word, which no statement is."""
    return re.search(r"[\s(]", words.strip()) is None


def statement(database: peewee.SqliteDatabase, fingerprint: str) -> Row:
    """The stored statement of a fingerprint, or of the first digits of one: the columns of `queries`.

    Raises UsageError with the nearest when there is none, or more than one.
    """
    asked = fingerprint.strip().lower()
    found = ask_sql(database, "explain.statement", "SELECT * FROM queries WHERE query_hash = ?", asked)
    if not found and _PREFIX.fullmatch(asked):
        found = ask_sql(
            database,
            "explain.prefix",
            "SELECT * FROM queries WHERE query_hash >= ? AND query_hash < ? ORDER BY query_hash LIMIT ?",
            *(asked, asked + "g", _MOST_NAMED + 1),
        )
    if not found:
        raise UsageError(
            f"no statement is stored as {fingerprint!r}{_nearest(database, asked)}", hint=_hint(asked)
        )
    if len(found) > 1:
        several = ", ".join(row["query_hash"] for row in found[:_MOST_NAMED])
        raise UsageError(f"{fingerprint!r} could be any of {several}", hint="give more digits of it")
    return found[0]


def stored_plan(database: peewee.SqliteDatabase, query_hash: str) -> Row | None:
    """The plan that was seen last of a statement: plan, dialect, source, timestamp, duration_ms."""
    found = ask_sql(
        database,
        "explain.stored_plan",
        "SELECT plan, dialect, source, timestamp, duration_ms FROM query_plans WHERE query_hash = ?",
        query_hash,
    )
    return found[0] if found else None


def _nearest(database: peewee.SqliteDatabase, asked: str) -> str:
    known = ask_sql(
        database, "explain.known", "SELECT query_hash FROM queries ORDER BY first_seen DESC LIMIT 1000"
    )
    return nearest(asked, [row["query_hash"] for row in known])


def _hint(asked: str) -> str:
    if _PREFIX.fullmatch(asked):
        return "`collector slow` and `collector show query` list the fingerprints there are"
    return f"give a query in quotes, or {FEWEST_DIGITS} digits or more of a fingerprint from `collector slow`"
