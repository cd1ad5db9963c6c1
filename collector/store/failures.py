"""What went wrong in SQLite, in the few words that decide what to do next.

Peewee hides a full disk behind its own failing ROLLBACK, so the whole chain of causes is looked at.
"""

from __future__ import annotations

from typing import Literal

from collector.sqlite import sqlite3

Failure = Literal["busy", "full", "readonly", "io", "unreachable", "corrupt", "poison", "other"]

# By the beginning of the symbolic name of SQLite's (extended) result code; the first match counts.
_BY_NAME: tuple[tuple[str, Failure], ...] = (
    ("SQLITE_BUSY", "busy"),
    ("SQLITE_LOCKED", "busy"),
    ("SQLITE_FULL", "full"),
    ("SQLITE_READONLY", "readonly"),
    ("SQLITE_CANTOPEN", "unreachable"),
    ("SQLITE_IOERR", "io"),
    ("SQLITE_CORRUPT", "corrupt"),
    ("SQLITE_NOTADB", "corrupt"),
    ("SQLITE_CONSTRAINT", "poison"),
    ("SQLITE_MISMATCH", "poison"),
    ("SQLITE_TOOBIG", "poison"),
    ("SQLITE_RANGE", "poison"),
)

# What executing a statement or binding its values can raise.
REFUSALS = (sqlite3.Error, OverflowError, UnicodeEncodeError)

_WORDS: dict[Failure, str] = {
    "busy": "another program holds a lock on the database",
    "full": "the disk is full",
    "readonly": "the database or its disk is read-only",
    "io": "the disk reports errors",
    "unreachable": "the database cannot be opened or made",
    "corrupt": "the database file is damaged",
    "poison": "a record does not fit its table",
    "other": "the database refuses",
}


def classify(error: BaseException) -> Failure:
    """The kind of failure behind ``error``, looking along its causes and contexts."""
    seen: set[int] = set()
    queue: list[BaseException | None] = [error]
    found: list[Failure] = []
    while queue:
        link = queue.pop(0)
        if link is None or id(link) in seen:
            continue
        seen.add(id(link))
        found.append(_one(link))
        queue += [link.__cause__, link.__context__]
    return next((failure for failure in found if failure != "other"), "other")


def in_words(failure: Failure) -> str:
    """The failure as a person would say it."""
    return _WORDS[failure]


def is_the_records_fault(error: BaseException) -> bool:
    """Whether a record is to blame, so that the others can go on without it.

    So it is where a statement itself is wrong (there is no such table), but not where SQLite ran out
    of memory or was interrupted: another try may well succeed.
    """
    failure = classify(error)
    return failure == "poison" or (failure == "other" and _name(error) == "SQLITE_ERROR")


def _one(error: BaseException) -> Failure:
    name = _name(error)
    for beginning, failure in _BY_NAME:
        if name.startswith(beginning):
            return failure
    # Raised while values are bound, before SQLite sees them: too large an integer, a lone surrogate,
    # a type that no column can hold. A closed connection is reported in the same way.
    if isinstance(error, (sqlite3.InterfaceError, sqlite3.ProgrammingError)):
        return "other" if "closed" in str(error) else "poison"
    return "poison" if isinstance(error, (OverflowError, UnicodeEncodeError)) else "other"


def _name(error: BaseException) -> str:
    """The symbolic name of SQLite's result code, empty when the error did not come from SQLite."""
    return getattr(error, "sqlite_errorname", "") or ""
