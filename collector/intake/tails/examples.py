"""Lines that were not understood, as they can be shown: their shape, and the words that logs are made of."""

from __future__ import annotations

import re

# A line that is not understood may be the inside of a literal, so whatever else it says is masked.
_SAID = frozenset(
    """
    LOG ERROR FATAL PANIC WARNING NOTICE INFO DEBUG DETAIL HINT CONTEXT STATEMENT QUERY UTC GMT CET CEST EST
    PST duration ms statement execute parse bind plan Time User Host Thread_id Schema Query_time Lock_time
    Rows_sent Rows_examined SET timestamp use SELECT INSERT UPDATE DELETE FROM WHERE VALUES GET POST PUT HTTP
    level event component
    """.split()  # noqa: SIM905  # a list of strings would be a page
)
_WORD = re.compile(r"[^\W\d_](?:\w|(?<=\w)-(?=\w))*")
LONGEST_WORD = 8


def shown(example: str) -> str:
    """Its first line, with ``x`` for letters and ``0`` for digits, but for words that many logs have."""
    example = next((line for line in example.splitlines() if line.strip("\0 ")), "")
    words = _WORD.sub(
        lambda word: word[0] if word[0] in _SAID else "x" * min(len(word[0]), LONGEST_WORD), example
    )
    return re.sub(r"\d", "0", words)


def not_understood(lines: int, example: str) -> str:
    """How many lines there were that say nothing we know, as half a sentence; ``example`` may be shown."""
    words = "line was" if lines == 1 else "lines were"
    return f"{lines:,} {words} not understood, such as {example!r}"
