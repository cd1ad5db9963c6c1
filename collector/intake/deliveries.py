"""What a line of the socket can be: a question, or a delivery of records with what is wrong with some."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

import msgspec

from collector.records.base import Statements

LONGEST_LINE = 1 << 20
MOST_RECORDS = 1_000
MOST_TOLD = 50  # refused records of a line of which every fault is told


class Rejection(NamedTuple):
    """A record that was refused: where on its line, why, and each fault with its path."""

    position: int
    reason: str
    faults: tuple[tuple[str, str], ...] = ()


Rejections = list[Rejection]


@dataclass(frozen=True, slots=True)
class Question:
    """A line that wants to know something, or to have something done; ``words`` is the whole of it."""

    about: str
    words: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Delivery:
    """A line that brings records: those that fit, with their positions, and why the others do not."""

    records: tuple[msgspec.Struct, ...]
    positions: tuple[int, ...]
    rejected: Rejections
    size: int


def too_many(count: str, size: int) -> Delivery:
    """Refused as one, like a line that is too long: a megabyte of commas must not cost an answer of 70."""
    return Delivery((), (), [Rejection(0, f"{count} records on one line; at most {MOST_RECORDS:,}")], size)


def withdraw_texts(records: Iterable[msgspec.Struct], statements: Statements) -> None:
    """These come again, or never: the texts of statements that they were to bring are still wanted."""
    for record in records:
        query = getattr(record, "query", None)
        if query is not None:
            statements.withdraw(query.query_hash)
