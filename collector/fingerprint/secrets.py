"""Values that are no plain literals: texts in ``"…"``, passwords, settings, the data after COPY.

Only statements with such quotes or words come here. The statement is masked first, each literal, name and
comment by as many fillers, so that simple patterns on the mask tell the places in the statement.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from collector.fingerprint.cutting import QUOTES, REDACTION, Dialect

_Span = tuple[int, int]

_AMBIGUOUS: Final = frozenset(("generic", "sqlite"))  # here "…" may be a name or a text
_WORDS: Final = ("pragma", "set", "password", "identified", "stdin")


def without_secrets(sql: str, dialect: Dialect) -> str:
    """``sql`` with ``?`` for the values that stand in no plain literal, and without the data of COPY."""
    doubles = dialect in _AMBIGUOUS and '"' in sql
    words = _has_words(sql)
    if not doubles and not words:
        return sql
    mask = REDACTION[dialect].sub(lambda found: _masked(found[0], dialect), sql)
    copied = _data_start(mask)
    sql, mask = sql[:copied], mask[:copied]
    spans = list(_values(mask)) if words else []
    if doubles:
        spans += _texts(sql, mask)
    return _replaced(sql, sorted(spans)) if spans else sql


def _has_words(sql: str) -> bool:
    lower = sql.lower()
    return any([word in lower for word in _WORDS])  # noqa: C419  # a list is faster than a generator here


def _masked(found: str, dialect: Dialect) -> str:
    if found.startswith(("--", "#", "/*")):
        return " " * len(found)
    if found[0] in QUOTES[dialect] and len(found) > 1:
        return f'"{"n" * (len(found) - 2)}"'
    return "?" * len(found)


def _replaced(sql: str, spans: list[_Span]) -> str:
    """Spans may lie within each other, the outer one first."""
    kept, at = [], 0
    for start, end in spans:
        if start >= at:
            kept += [sql[at:start], "?"]
        at = max(at, end)
    return "".join([*kept, sql[at:]])


# Values behind certain words

_STDIN = re.compile(r"\bfrom\s++stdin\b[^;\n]*+", re.IGNORECASE)
_COPY = re.compile(r"\bcopy\b", re.IGNORECASE)
_STATEMENT = re.compile(r"[^;]++")
_SETTING = re.compile(
    r"\s*+(?:alter\s++(?:user|role|system|database)\b.*?\b)?set\b[^=]*?(?:=|\bto\b)\s*+(?P<value>\S.*)",
    re.IGNORECASE | re.DOTALL,
)
_PRAGMA = re.compile(
    r"\bpragma\s++[\w.\"]++\s*+(?:=\s*+(?P<value>\S.*)|\(\s*+(?P<argument>[^\s)][^)]*+))",
    re.IGNORECASE | re.DOTALL,
)
_ACCOUNT = re.compile(
    r"\s*+(?:(?:create|alter)\b.*?\b(?:user|role|group|login)|grant)\b", re.IGNORECASE | re.DOTALL
)
_IDENTIFIED = re.compile(
    r"\bidentified\s++(?:(?:with|via)\s++\S++\s++)?+(?:by|as|using)\s++(?:password\s++)?+(?P<value>[^\s,]++)",
    re.IGNORECASE,
)
_PASSWORD = re.compile(r"\bpassword\b\s*+(?:=\s*+|\(\s*+)?+(?P<value>[^\s,()]++)", re.IGNORECASE)
_QUOTED_PASSWORD = re.compile(r"\bpassword\b\s*+(?:\(\s*+)?+(?P<value>\"[^\"]*+\")(?!\s*+\.)", re.IGNORECASE)


def _data_start(mask: str) -> int:
    """Where the data after ``COPY … FROM STDIN;`` begin, or the end."""
    found = _STDIN.search(mask)
    return found.end() if found and _COPY.search(mask, 0, found.start()) else len(mask)


def _values(mask: str) -> Iterator[_Span]:
    for statement in _STATEMENT.finditer(mask):
        start, end = statement.span()
        if setting := _SETTING.match(mask, start, end):
            yield _trimmed(setting, "value")
        for pragma in _PRAGMA.finditer(mask, start, end):
            yield _trimmed(pragma, "value" if pragma["value"] else "argument")
        account = _ACCOUNT.match(mask, start, end)
        for pattern in (_IDENTIFIED, _PASSWORD if account else _QUOTED_PASSWORD):
            for found in pattern.finditer(mask, start, end):
                yield found.span("value")


def _trimmed(found: re.Match[str], group: str) -> _Span:
    start = found.start(group)
    return start, start + len(found[group].rstrip())


# Texts in double quotes

_TOKEN = re.compile(r'"[^"]*+"|\w++|[^\w\s".,;()]++|\S')
_PLAIN = re.compile(r'"[A-Za-z0-9_$]{1,63}"').fullmatch
_CHAIN = re.compile(r'"[^"]*+(?:""[^"]*+)*+"(?:\."[^"]*+(?:""[^"]*+)*+")++').fullmatch
_DOT = re.compile(r'\s*+\.\s*+[^\W\d]|\s*+\.\s*+["`*\[]').match
_COMPARING: Final = frozenset(
    "like ilike rlike glob regexp match is limit offset then else default escape comment".split()  # noqa: SIM905
)
_CALLING: Final = frozenset(("call", "exec", "execute"))
_LISTING: Final = frozenset(("values", "value", "in", "against", "row"))
_ROWS: Final = frozenset(("values", "value", "row"))


class _Place:
    """Where in the statement a walk over its tokens is, and whether a value stands there."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """At the begin of a statement."""
        self.last, self.before = "", ""
        self.listed = [False]
        """For each open bracket, whether it holds values."""
        self.rows = False
        self.between = 0

    def is_value(self) -> bool:
        """Whether what comes next is a value, not a name."""
        return self.listed[-1] or self._compared() or self.last[:1] == "?"

    def after_dot(self) -> bool:
        """Whether what comes next is the second part of a name."""
        return self.last == "." and self.before[:1] != "?"

    def _compared(self) -> bool:
        """Behind a comparison, or a word behind one: ``= BINARY "…"``, ``IS NOT "…"``."""
        return (
            _compares(self.last)
            or (_is_word(self.last) and (_compares(self.before) or self.before in _CALLING))
            or (self.last, self.before) in {("from", "distinct"), ("to", "similar")}
        )

    def step(self, part: str) -> None:
        """Past one part of the text, in lower case."""
        if part == "(":
            self.listed.append(self.rows or self.last in _LISTING or self.is_value())
        elif part == ")":
            self.listed[1:] = self.listed[1:-1]
        elif part == ";":
            self.clear()
            return
        elif _is_word(part):
            part = self._word(part)
        self.before, self.last = self.last, part

    def _word(self, word: str) -> str:
        if word in {"select", "with"}:
            self.listed[-1] = False
        if len(self.listed) == 1 or word in _ROWS:
            self.rows = word in _ROWS
        if word == "between":
            self.between += 1
        elif word == "and" and self.between:
            self.between -= 1
            return "="  # what follows is compared, too
        return "=" if word == "between" else word


def _is_word(part: str) -> bool:
    return part[:1].isalpha() or part[:1] == "_"


def _compares(part: str) -> bool:
    operator = bool(part) and not part[0].isalnum() and part[0] not in '_".,;()[]?$`' and part != "::"
    return operator or part in _COMPARING


def _texts(sql: str, mask: str) -> list[_Span]:
    """The places of all ``"…"`` that are, or may be, no names."""
    place, spans = _Place(), []
    for found in _TOKEN.finditer(mask):
        part, (start, end) = found[0], found.span()
        is_quoted = part[0] == '"' and sql[start] == '"'  # in the mask, `…` and […] look like "…"
        if is_quoted and not _is_name(sql[start:end], place, mask, end):
            spans.append(found.span())
            part = "?"
        place.step(part.lower())
    return spans


def _is_name(quoted: str, place: _Place, mask: str, end: int) -> bool:
    if '\\"' in quoted:
        return False
    if place.after_dot() or _DOT(mask, end) or _CHAIN(quoted):
        return True
    return bool(_PLAIN(quoted)) and not place.is_value()
