"""The messages that tell of statements, as the server words them in English.

A server whose ``lc_messages`` is another language is not understood.
"""

from __future__ import annotations

import re
from typing import Final

LONGEST_BYTES: Final = 1 << 20
"""Of one entry; what is beyond is left out."""

SEVERITY: Final = (
    "LOG|ERROR|FATAL|PANIC|WARNING|NOTICE|INFO|DEBUG[1-5]?"
    "|DETAIL|HINT|QUERY|CONTEXT|LOCATION|BACKTRACE|STATEMENT"
)
FAILURES: Final = frozenset({"ERROR", "FATAL", "PANIC"})

# A name of a prepared statement may hold a colon, but none with a space behind it.
_NAME = r'(?: [^:\n"]*+(?::[^ \n"][^:\n"]*+)*+)?:'
MESSAGE: Final = (
    r"(?:[0-9A-Z]{5}: )?"  # SQLSTATE, with log_error_verbosity = verbose
    rf"(?:duration: (?P<ms>\d{{1,12}}\.\d{{1,9}}) ms(?:  (?P<kind>statement|execute|bind|parse|plan){_NAME})?"
    rf"|(?P<logged>statement|execute){_NAME})?+"
)
"""How a message begins: ``ms`` and ``kind`` of a line that tells of a duration, ``logged`` where the line
only says that something runs. What follows the colon of a kind is one space, or a line end, and the text.
"""

_RAISED: Final = re.compile(r'\A"?[^\n]* at RAISE"?(?:\r?\n|\Z)')


def is_raised(context: str) -> bool:
    """Whether PL/pgSQL raised the message: by the first line of its context, the innermost frame."""
    return _RAISED.match(context) is not None
