"""What went wrong in SQLite, in the few words that decide what to do next.

Peewee hides a full disk behind its own failing ROLLBACK, so the whole chain of causes is looked at.
"""

from __future__ import annotations

from typing import Literal

from collector.sqlite import sqlite3

Failure = Literal[
    "busy", "full", "readonly", "io", "unreachable", "corrupt", "moved", "closed", "poison", "other"
]


class Trouble(Exception):
    """What we see ourselves before SQLite does: ``failure``, and the message tells the figures."""

    def __init__(self, failure: Failure, message: str) -> None:
        super().__init__(message)
        self.failure = failure


# By SQLite's primary result code. Not by its symbolic name: the interpreter's own module calls those
# extended codes "unknown" that are younger than itself, a wrong type in a STRICT table among them.
_BY_CODE: dict[int, Failure] = {
    sqlite3.SQLITE_BUSY: "busy",
    sqlite3.SQLITE_LOCKED: "busy",
    sqlite3.SQLITE_READONLY: "readonly",
    sqlite3.SQLITE_IOERR: "io",
    sqlite3.SQLITE_CORRUPT: "corrupt",
    sqlite3.SQLITE_FULL: "full",
    sqlite3.SQLITE_CANTOPEN: "unreachable",
    sqlite3.SQLITE_TOOBIG: "poison",
    sqlite3.SQLITE_CONSTRAINT: "poison",
    sqlite3.SQLITE_MISMATCH: "poison",
    sqlite3.SQLITE_RANGE: "poison",
    sqlite3.SQLITE_NOTADB: "corrupt",
}

# What executing a statement or binding its values can raise, and a look at the place before.
REFUSALS = (sqlite3.Error, OverflowError, UnicodeEncodeError, Trouble)

_WORDS: dict[Failure, str] = {
    "busy": "another program holds a lock on the database",
    "full": "the disk is full",
    "readonly": "the database or its disk is read-only",
    "io": "the disk reports errors",
    "unreachable": "the database cannot be opened or made",
    "corrupt": "the database file is damaged",
    "moved": "the database file was deleted or replaced",
    "closed": "the database could not be opened again yet",
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
    return failure == "poison" or (failure == "other" and _code(error) == sqlite3.SQLITE_ERROR)


def _one(error: BaseException) -> Failure:
    if isinstance(error, Trouble):
        return error.failure
    if failure := _BY_CODE.get(_code(error)):
        return failure
    # Raised while values are bound, before SQLite sees them: too large an integer, a lone surrogate,
    # a type that no column can hold. A closed connection is reported in the same way.
    if isinstance(error, (sqlite3.InterfaceError, sqlite3.ProgrammingError)):
        return "closed" if "closed" in str(error) else "poison"
    return "poison" if isinstance(error, (OverflowError, UnicodeEncodeError)) else "other"


def _code(error: BaseException) -> int:
    """SQLite's primary result code, the lowest byte of the extended one; 0 when SQLite told none."""
    return (getattr(error, "sqlite_errorcode", 0) or 0) & 0xFF
