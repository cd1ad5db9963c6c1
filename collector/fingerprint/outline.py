"""A cheaper key than the fingerprint: a plain statement with its plainest literals set to zero.

Statements of one outline have one fingerprint, so that it has to be made once only. It is taken only of
statements without anything that quotes in another way: there a digit could be part of a name. A text and a
number stay apart, since one of them may be typed: ``interval '5 days'``, ``interval 5 day``.

An outline is itself a statement, of its own fingerprint and outline. So it never is the text of another
one, and `Seen` may keep outlines beside texts that have none.
"""

from __future__ import annotations

import re
from typing import Final

# Both begin with one set of characters, which the regex engine searches for quickly; see `cutting`.
# Quoted names, dollar quotes, comments, escapes, and brackets that SQLite quotes with.
_ODD: Final = re.compile(r"""["`$#\\\[\]\x00\x01/-](?:(?<![/-])|(?<=-)-|(?<=/)\*)""").search
# Not the exponent behind 1e+, which is a part of the number before it.
_NUMBER: Final = r"(?<=[0-9])(?<![\w.:?%@&'][0-9])(?<![0-9._][eE][-+][0-9])[0-9]*+(?:\.[0-9]++)?+(?![\w.'])"
_NUMBERS: Final = re.compile(f"[0-9]{_NUMBER}").sub
_LITERALS: Final = re.compile(f"['0-9](?:(?<=')[^']*+(')|{_NUMBER})").sub


def outline(sql: str) -> str | None:
    """The key of ``sql``, or None where it has to be looked at closely. About 2 µs for 100 characters."""
    if _ODD(sql):
        return None
    quotes = sql.count("'")
    if not quotes:  # a template costs thrice as much
        return _NUMBERS("0", sql)
    return None if quotes % 2 else _LITERALS(r"\g<1>0\g<1>", sql)
