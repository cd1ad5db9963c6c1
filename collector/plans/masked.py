"""Texts, comments and quoted names in a plan: told apart over all lines, since a literal may hold some."""

from __future__ import annotations

import re

from collector.fingerprint import Dialect, redacted
from collector.fingerprint.cutting import QUOTES, REDACTION, clean, redact

_FIGURE = re.compile(r"\$?[\w.]+(?:[eE][-+]\d+)?")  # numbers, numbers of parameters, true and false


def without_texts(text: str, dialect: Dialect) -> str:
    """``text`` with every text literal as ``?``; figures stay, for the lines to be told by.

    Ends where a backslash before a quote lets nobody tell what is quoted: a server may be set to take it
    for an escape or not.
    """
    kept: list[str] = []
    at, cleaned = 0, clean(text, dialect)
    for found in REDACTION[dialect].finditer(cleaned):
        if _is_unsure(found[0], dialect):
            return "".join([*kept, cleaned[at : found.start()], "?"])
        shown = found[0] if _FIGURE.fullmatch(found[0]) else redact(found, QUOTES[dialect])
        kept += [cleaned[at : found.start()], shown]
        at = found.end()
    return "".join([*kept, cleaned[at:]])


def redacted_line(line: str, dialect: Dialect) -> str:
    """A line, or a part of one, with ``?`` for every literal and the space around it as it was."""
    bare = line.strip()
    before, after = line[: len(line) - len(line.lstrip())], line[len(line.rstrip()) :]
    return before + redacted(bare, dialect) + after if bare else line


def _is_unsure(found: str, dialect: Dialect) -> bool:
    return dialect != "mysql" and found[0] not in 'eE"' and "'" in found[:3] and "\\'" in found
