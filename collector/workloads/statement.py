"""Whether a statement of a workload only reads, as far as its own text tells.

That it writes no table, the database sees to itself: by a transaction, or an authorizer. Looked for here is
what gets past these. How a server takes quotes apart depends on its settings, so that a statement is read
in each of the ways there are, and must only read in all of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

# How a statement that only reads begins. COPY, DO and CALL could write files through a server.
READING = {
    "sqlite": ("select", "with", "values", "pragma", "explain"),
    "postgresql": ("select", "with", "values", "table", "show", "explain"),
    "mysql": ("select", "with", "values", "table", "show", "explain", "describe"),
}
_FIRST_WORD = re.compile(r"[\s(]*([a-z]+)", re.IGNORECASE)
# A read-only transaction keeps tables as they are, but would let a server write files.
_TO_FILE = re.compile(r"into\s+(?:out|dump)file", re.IGNORECASE)
# Functions that write past the transaction: large objects (held back only since PostgreSQL 16), files and
# other connections. Against slips of the pen: other functions may call them, which only rights can limit.
_WRITING_CALL = re.compile(
    r"\b(lo_(?:import|export|creat|create|from_bytea|put|unlink|truncate\w*)|lowrite|pg_file_\w+|dblink\w*)\s*\(",
    re.IGNORECASE,
)

# A text in these quotes, to its end or that of the statement; doubled, a quote stands for itself.
_PLAIN = "{0}(?:[^{0}]|{0}{0})*+{0}?"
_ESCAPED = r"{0}(?:[^{0}\\]|\\.?|{0}{0})*+{0}?"  # in it a backslash takes the next character along
_MYSQL = (
    r"(?P<run>/\*M?!)|(?P<name>{name})|(?P<text>{text})"
    r"|(?P<space>/\*.*?(?:\*/|\Z)|\#[^\n]*|--(?=[\0-\x20\x7f]|\Z)[^\n]*)"
)
# A letter of a name is also everything beyond ASCII. Source: PostgreSQL's scan.l
_NAME_BEFORE = r"(?<![\w$\x80-\U0010ffff])"
_POSTGRESQL = (
    r"(?P<nested>/\*)|(?P<space>--[^\r\n]*)|(?P<run>{before}u&\x22)|(?P<name>{name})"
    r"|(?P<text>{before}e{escaped}|{text}|{before}\$(?P<tag>(?:[^\W\d]\w*)?)\$.*?(?:\$(?P=tag)\$|\Z))"
)


def _tokens(pattern: str, **parts: str) -> re.Pattern[str]:
    return re.compile(pattern.format(**parts), re.IGNORECASE | re.DOTALL)


def _mysql(*texts: str) -> re.Pattern[str]:
    return _tokens(_MYSQL, name=_PLAIN.format("`"), text="|".join(texts))


def _postgresql(text: str) -> re.Pattern[str]:
    escaped, name = _ESCAPED.format("'"), _PLAIN.format('"')
    return _tokens(_POSTGRESQL, before=_NAME_BEFORE, escaped=escaped, name=name, text=text)


_READINGS = {
    "sqlite": (_tokens(r"(?P<space>--[^\n]*|/\*.*?(?:\*/|\Z))|(?P<text>{text})", text=_PLAIN.format("'")),),
    # By sql_mode: as it is by itself, with ANSI_QUOTES, with NO_BACKSLASH_ESCAPES.
    "mysql": (
        _mysql(_ESCAPED.format("'"), _ESCAPED.format('"')),
        _mysql(_ESCAPED.format("'"), _PLAIN.format('"')),
        _mysql(_PLAIN.format("'"), _PLAIN.format('"')),
    ),
    # By standard_conforming_strings: on, off.
    "postgresql": (_postgresql(_PLAIN.format("'")), _postgresql(_ESCAPED.format("'"))),
}
_HIDDEN = {
    "mysql": "no /*! or /*M!: MySQL runs what stands in such a comment",
    "postgresql": 'no names in U&"": these can hide which function is called',
}


def fault(query: str, scheme: str) -> str | None:
    """What is wrong with a statement, in words; None where it only reads, or the database is unknown."""
    readings = _READINGS.get(scheme, _READINGS["sqlite"])
    return next((found for tokens in readings if (found := _fault(query, scheme, tokens))), None)


def _fault(query: str, scheme: str, tokens: re.Pattern[str]) -> str | None:
    code = _code(query, tokens)
    if code is None:
        return f"must only read: {_HIDDEN[scheme]}"
    words, found = READING.get(scheme, ()), _FIRST_WORD.match(code)
    if found is None:
        return "must be a statement"
    if words and found[1].lower() not in words:
        return f"must only read: begin with {', '.join(words)}"
    if scheme == "mysql" and _TO_FILE.search(code):
        return "must only read: no INTO OUTFILE"
    call = _WRITING_CALL.search(code) if scheme == "postgresql" else None
    return f"must only read: {call[1]} writes past the transaction" if call else None


def _code(query: str, tokens: re.Pattern[str]) -> str | None:
    """A statement without comments, with empty texts, and names without their quotes; None: it hides some."""
    parts = list(_parts(query, tokens))
    return None if None in parts else "".join(filter(None, parts))


def _parts(query: str, tokens: re.Pattern[str]) -> Iterator[str | None]:
    at = 0
    while found := tokens.search(query, at):
        yield query[at : found.start()]
        at = found.end()
        match found.lastgroup:
            case "nested":
                at = _end_of_comment(query, at)
                yield " "
            case "name":
                name = found["name"][1:-1]
                yield name if name.isidentifier() else '""'
            case "run":
                yield None
            case kind:
                yield " " if kind == "space" else "''"
    yield query[at:]


def _end_of_comment(query: str, at: int) -> int:
    """Where a comment ends that has begun before ``at``; in PostgreSQL they can stand in each other."""
    depth = 1
    for mark in re.compile(r"/\*|\*/").finditer(query, at):
        depth += 1 if mark[0] == "/*" else -1
        if not depth:
            return mark.end()
    return len(query)
