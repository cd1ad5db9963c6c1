"""What all rules are made of: how a value looks, and the text in lower case."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final

Spans = Iterator[tuple[int, int]]
Rule = Callable[[str, str], Spans]  # of a text, and of the text in lower case
Rules = tuple[tuple[Rule, tuple[str, ...]], ...]
"""Each rule with the words (in lower case) without which it finds nothing."""

# A value as a shell or JSON has it: quoted pieces, escapes, plain characters. An unclosed quote (the text
# may be cut) goes to the end of its line; one behind plain characters may be the end of what surrounds it.
_IN_SINGLE, _IN_DOUBLE = r"(?:[^']*+'|[^\n]*+)", r'(?:[^"\\]*+(?:\\.[^"\\]*+)*+"|[^\n]*+)'
_ENDS = r"(?![\s,;)}\]&|]|\Z)"
VALUE: Final = (
    rf"""(?:'{_IN_SINGLE}|"{_IN_DOUBLE}|\\.|[^\s&;'"\\])"""
    rf"""(?:'(?:(?<=['"]')|{_ENDS}){_IN_SINGLE}|"(?:(?<=['"]")|{_ENDS}){_IN_DOUBLE}|\\."""
    r"""|(?:(?<!['"])|(?![,)}\]]))[^\s&;'"\\]++)*+"""
)


def lowered(text: str) -> str:
    """``text`` in lower case, each character at its place."""
    low = text.lower()
    return low if len(low) == len(text) else "".join(c.lower() if c.isascii() else c for c in text)


def each(pattern: re.Pattern[str], of: int) -> Rule:
    """What ``pattern`` finds: all of it in the text as it is (0), or its group in lower case (1)."""
    return lambda *texts: (found.span(of) for found in pattern.finditer(texts[of]))
