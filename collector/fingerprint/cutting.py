"""Literals, comments and quoted names: what the rules of a dialect find in a statement, and cut out.

Every pattern is linear: quantifiers are possessive, and a failed attempt has read no further than the next
bracket.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, Literal

Dialect = Literal["generic", "sqlite", "postgresql", "mysql"]

# A pattern starts with one set of first characters, which the regex engine
# searches for quickly; each alternative then looks back at the one it is about.

_STRING = r"(?<=')[^']*+(?:'|\Z)(?:'[^']*+(?:'|\Z))*+"  # a doubled quote reads as two strings side by side
_ESCAPED = r"(?<=')(?:[^'\\]++|\\.?+|'')*+(?:'|\Z)"
_ESCAPED_DOUBLE = r'(?<=")(?:[^"\\]++|\\.?+|"")*+(?:"|\Z)'
# In ``generic`` a backslash may escape or not: after one before a quote nothing quoted is told any more.
_UNSURE = r"\\(?:['\"](?:.*['\"]|.*+))?+"
_EITHER = rf"(?<=')(?:[^'\\]++|\\[^'\"]|'')*+(?:'|{_UNSURE}|\Z)"
_EITHER_PART = r'(?:[^"\\]++|\\[^\'"]|"")*+'
_EITHER_DOUBLE = rf'(?<="){_EITHER_PART}(?:"(?:\."{_EITHER_PART}")*+|{_UNSURE}|\Z)'
_DIGITS = r"(?:(?<=[0-9])[0-9_]*+(?:\.[0-9_]*+)?|(?<=\.)[0-9][0-9_]*+)(?:[eE][-+]?[0-9]++)?"
_NUMBER = rf"(?:(?<=0)(?:[xX][0-9a-fA-F_]++|[bBoO][0-7_]++)|{_DIGITS})"
_COMMENT = r"(?<=-)-[^\n]*+|(?<=/)\*.*?(?:\*/|\Z)"
_MYSQL_COMMENT = r"(?<=-)-(?!\S)[^\n]*+|(?<=/)\*.*?(?:\*/|\Z)|(?<=\#)[^\n]*+"
_DOLLAR = r"(?<=\$)(?<!\w\$)(?P<tag>(?:[^\W\d]\w*+)?+)\$.*?(?:\$(?P=tag)\$|\Z)"
_PLACEHOLDER = (
    rf"{_DOLLAR}|(?<=\$)[^\W\d]\w*+|"
    r"(?<=\$)(?<!\w\$)[0-9]++|(?<=:)(?<![:\w\]]:)(?:[^\W\d]\w*+|[0-9]++)"
    r"|(?<=%)(?:s(?!\w)|\(\w++\)s)|(?<=\?)[0-9]++"
)
_DOUBLE = r'(?<=")[^"]*+(?:""[^"]*+)*+(?:"(?:\."[^"]*+(?:""[^"]*+)*+")*+|\Z)'
_BACKTICK = r"(?<=`)[^`]*+(?:``[^`]*+)*+(?:`|\Z)"
_HASH_COMMENT = r"(?<=\#)(?:(?=[ \t])|(?<![^\n]\#)(?![>-]))[^\n]*+"
_NAMES = f"{_DOUBLE}|{_BACKTICK}"
_STRINGS: Final[dict[Dialect, str]] = {
    "generic": _EITHER,
    "sqlite": _STRING,
    "postgresql": rf"(?<=\b[eE]'){_ESCAPED}|{_STRING}",
    "mysql": rf"{_ESCAPED}|{_ESCAPED_DOUBLE}",
}
_REST: Final[dict[Dialect, str]] = {
    "generic": rf"{_COMMENT}|{_HASH_COMMENT}|{_EITHER_DOUBLE}|{_BACKTICK}|{_PLACEHOLDER}",
    "sqlite": rf"{_COMMENT}|{_NAMES}|(?<=\[)[^]]*+(?:\]|\Z)|{_PLACEHOLDER}|(?<=@)[^\W\d]\w*+",
    "postgresql": rf"{_COMMENT}|{_NAMES}|{_PLACEHOLDER}",
    "mysql": rf"{_MYSQL_COMMENT}|{_BACKTICK}|{_PLACEHOLDER}",
}
_EXTRA_FIRST: Final[dict[Dialect, str]] = {"generic": "#", "sqlite": r"@\[", "postgresql": "", "mysql": "#"}


def _first(dialect: Dialect) -> str:
    """The first character; digits and dots within a word are refused at once, since they are many."""
    return rf"""[-'"`/$?:%0-9.{_EXTRA_FIRST[dialect]}](?<![\w$][0-9.])"""


def _cutting(dialect: Dialect) -> re.Pattern[str]:
    """Literals with commas between them are one cut: a list of 500 costs little more than one of 5."""
    literal = rf"(?:{_NUMBER}|{_STRINGS[dialect]})"
    following = rf"""[-+]?+['"0-9.](?:{_NUMBER}|{_STRINGS[dialect]})"""
    short = r"[0-9]++(?![\w.])|'[^'\\]*+'(?!')"  # most items, read faster
    run = rf"{literal}(?:\s*+,\s*+(?:{short}|{following}))*+"
    return re.compile(rf"({_first(dialect)}(?:{run}|{_REST[dialect]}))", re.DOTALL)


def _redaction(dialect: Dialect) -> re.Pattern[str]:
    cut = rf"{_first(dialect)}(?:{_NUMBER}|{_STRINGS[dialect]}|{_REST[dialect]})"
    words = r"\b(?:[tT][rR][uU][eE]|[fF][aA][lL][sS][eE])\b"
    return re.compile(rf"(?:\b(?:[eEnNxXbB]|[uU]&)(?='))?+{cut}|{words}", re.DOTALL)


_DIALECTS: Final[tuple[Dialect, ...]] = ("generic", "sqlite", "postgresql", "mysql")
_CUTTING: Final = {dialect: _cutting(dialect) for dialect in _DIALECTS}
REDACTION: Final = {dialect: _redaction(dialect) for dialect in _DIALECTS}
_LITERAL: Final = {d: re.compile(rf"""['"0-9.](?:{_NUMBER}|{_STRINGS[d]})""", re.DOTALL) for d in _DIALECTS}
QUOTES: Final[dict[Dialect, str]] = {"generic": '"`', "sqlite": '"`[', "postgresql": '"`', "mysql": "`"}
_PLAIN_NAME = re.compile(r'[a-z0-9_."]+').fullmatch  # comes through the arranging as it is
_PREFIX_ENDS: Final = frozenset("eEnNxXbB&pPlL")
_TYPED_PREFIX = re.compile(r"\b(?:date|time|timestamp|interval)\Z", re.IGNORECASE)
_PREFIX = re.compile(r"\b(?:[enxb]|u&|date|time|timestamp|interval)\Z", re.IGNORECASE)
_PREFIX_CHARACTERS: Final = len("timestamp")
_NESTING = re.compile(r"/\*|\*/")
_UNKEPT: Final = dict.fromkeys((0, 1))  # NUL, which databases refuse, and our own mark


def clean(sql: str, dialect: Dialect) -> str:
    """``sql`` without what can be neither hashed nor stored, and without nested comments."""
    if "\0" in sql or "\1" in sql:
        sql = sql.translate(_UNKEPT)
    if not sql.isascii():  # lone surrogates cannot be hashed, nor stored
        sql = sql.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if dialect == "postgresql" and sql.count("/*") > 1:
        sql = _without_nested_comments(sql)
    return sql


def _without_nested_comments(sql: str) -> str:
    """PostgreSQL alone nests them, which a regex cannot follow: each becomes ``/**/``."""
    kept, at = [], 0
    for start, end in tokens(sql):
        kept += [sql[at:start], "/**/" if sql.startswith("/*", start) else sql[start:end]]
        at = end
    return "".join(kept) + sql[at:]


def tokens(sql: str, at: int = 0) -> Iterator[tuple[int, int]]:
    """Where literals, comments and quoted names of PostgreSQL begin and end; what is open ends with all."""
    while found := REDACTION["postgresql"].search(sql, at):
        start, at = found.span()
        if sql.startswith("/*", start):
            at = _comment_end(sql, start)
        yield start, at


def _comment_end(sql: str, start: int) -> int:
    depth = 0
    for mark in _NESTING.finditer(sql, start):
        depth += 1 if mark[0] == "/*" else -1
        if not depth:
            return mark.end()
    return len(sql)


def cut(sql: str, dialect: Dialect) -> tuple[str, dict[str, int]]:
    """The statement with literals as ``?``, and the quoted names that a mark stands for."""
    pattern, quotes = _CUTTING[dialect], QUOTES[dialect]
    pieces = pattern.split(sql)
    del pieces[2::3]  # the tags of dollar quotes
    names: dict[str, int] = {}
    for at in range(1, len(pieces), 2):
        found = pieces[at]
        first = found[0]
        if first in quotes:
            pieces[at] = _name(found, names)
        elif first in "-/#":
            pieces[at] = " "
        elif first in "'\"":
            before = pieces[at - 1]
            pieces[at] = _marks(found, before[-2:], dialect)
            pieces[at - 1] = _without_prefix(before)
        elif first in "$:%@?":  # one, whatever commas stand between its dollars
            pieces[at] = "?"
        else:
            pieces[at] = _marks(found, "", dialect)
    return "".join(pieces), names


def _marks(found: str, before: str, dialect: Dialect) -> str:
    """As many ``?`` as there are literals; ``before`` tells whether the first is an E-string."""
    if "," not in found:
        return "?"
    if "'" in found or '"' in found:
        return "?" + ",?" * (len(_LITERAL[dialect].findall(before + found, len(before))) - 1)
    return "?" + ",?" * found.count(",")


def _without_prefix(before: str) -> str:
    """What stands before a string, without the word that belongs to it: ``DATE '…'``, ``N'…'``."""
    stem = before.rstrip()
    if stem[-1:] not in _PREFIX_ENDS:
        return before
    pattern = _PREFIX if len(stem) == len(before) else _TYPED_PREFIX
    prefix = pattern.search(stem, max(0, len(stem) - _PREFIX_CHARACTERS))
    return before[: prefix.start()] if prefix else before


def _unterminated(name: str) -> bool:
    return name[-1] != "]" if name[0] == "[" else bool(name.count(name[0]) & 1)


def _name(found: str, names: dict[str, int]) -> str:
    """A quoted name; where arranging would change it, a mark stands for it meanwhile."""
    if _unterminated(found):
        return "?"
    name = _requoted(found)
    if _PLAIN_NAME(name):
        return f" {name} "
    return f" \1{names.setdefault(name, len(names))}\1 "


def _requoted(found: str) -> str:
    if found[0] == '"':
        return found
    inner = found[1:-1] if found[0] == "[" else found[1:-1].replace("``", "`")
    return '"' + inner.replace('"', '""') + '"'


def redact(match: re.Match[str], quotes: str) -> str:
    """What a sample shows in place of one match of ``REDACTION``."""
    found = match[0]
    if found[0] in quotes:
        return "?" if _unterminated(found) else found
    if found.startswith(("--", "#")):
        return ""
    if found.startswith("/*"):
        start, end = match.span()
        return "" if {" ", "\n"} & {match.string[start - 1 : start], match.string[end : end + 1]} else " "
    return "?"
