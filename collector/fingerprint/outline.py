"""A cheaper key than the fingerprint: a plain statement with its plainest literals set to zero.

Statements of one outline have one fingerprint, so that it has to be made once only. It is taken only of
statements without anything that quotes in another way: there a digit could be part of a name.
"""

from __future__ import annotations

import re
from typing import Final

# Quoted names, dollar quotes, comments, escapes, and brackets that SQLite quotes with.
_ODD: Final = re.compile(r"""["`$#\\\[\]\x00\x01]|--|/\*""").search
_LITERALS: Final = re.compile(r"(')[^']*(')|(?<![\w.:?%@&])[0-9]++(?:\.[0-9]++)?+(?![\w.])").sub


def outline(sql: str) -> str | None:
    """The key of ``sql``, or None where it has to be looked at closely. About 2 µs for 100 characters."""
    return None if _ODD(sql) else _LITERALS(r"\1\g<2>0", sql)  # the quotes stay: E'x' is no name E0
