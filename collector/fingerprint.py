r"""SQL fingerprints: statements that differ only in their literals become one text and one hash.

``docs/fingerprints.md`` tells the rules. First one regex a dialect cuts the statement at everything that is
not plain: literals, comments, quoted names. What is left is arranged by string methods and a few guarded
patterns, which is several times faster than a Python loop over tokens. Every pattern is linear: quantifiers
are possessive, and a failed attempt has read no further than the next bracket.
"""

from __future__ import annotations

import itertools
import re
import sys
from collections.abc import Iterable
from typing import Final, Literal, NamedTuple

try:  # hashlib would load OpenSSL: +4 MB resident in the daemon
    from _blake2 import blake2b
except ImportError:  # a Python built without its own hashes
    from hashlib import blake2b

FP_VERSION: Final = 1
"""Raised with every change of a rule, since the same statement then gets another hash."""

TEXT_CHARACTERS: Final = 20_000
OTHER_HASH: Final = "other"

Dialect = Literal["generic", "sqlite", "postgresql", "mysql"]


class Fingerprint(NamedTuple):
    """What all statements of one shape share."""

    hash: str
    """16 hex digits; taken over the whole text, also where ``text`` is cut."""
    text: str
    """Normalised; over 20,000 characters it is cut there and ends in ``…``."""
    version: int


def fingerprint(sql: str, dialect: Dialect = "generic") -> Fingerprint:
    """The fingerprint of ``sql``, whatever it holds; never raises and holds no literal.

    The text is generic SQL: unless it is nonsense or cut, its own fingerprint as ``generic`` is the same.
    """
    text = _arranged(*_cut(_clean(sql, dialect), dialect))
    digest = blake2b(f"{FP_VERSION}\n{text}".encode(), digest_size=8).hexdigest()
    if len(text) > TEXT_CHARACTERS:
        text = text[: TEXT_CHARACTERS - 1] + "…"
    return Fingerprint(digest, text, FP_VERSION)


def redacted(sql: str, dialect: Dialect = "generic") -> str:
    """The statement as written, each literal a ``?`` and comments gone: the one sample that is kept."""
    quotes = _QUOTES[dialect]
    return _REDACTION[dialect].sub(lambda found: _redact(found, quotes), _clean(sql, dialect)).strip()


class Seen:
    """Fingerprints of statements that come again and again: about 1 µs for a text seen lately.

    Not locked: each intake thread has its own, or they share one behind a lock. Memory is bounded: two
    generations of texts, the older dropped when the younger is full, and one hash a distinct statement.
    """

    def __init__(
        self, most: int = 10_000, known: Iterable[str] = (), texts: int = 2_000, size_bytes: int = 4 << 20
    ) -> None:
        """At most ``most`` distinct hashes, ``known`` ones included; the rest are told as ``other``."""
        self.most = most
        self.other = Fingerprint(OTHER_HASH, f"other: more than {most:,} distinct statements", FP_VERSION)
        self.others = 0
        """How many statements were told as ``other``."""
        self._known = set(known)
        self._texts, self._size_bytes = texts // 2, size_bytes // 2
        self._young: dict[tuple[str | bytes, Dialect], Fingerprint] = {}
        self._old: dict[tuple[str | bytes, Dialect], Fingerprint] = {}
        self._young_bytes = 0

    def of(self, sql: str, dialect: Dialect = "generic") -> Fingerprint:
        """The fingerprint of ``sql``, or ``self.other`` for a new one when there are too many."""
        key = (sql if len(sql) <= VERBATIM_CHARACTERS else _digest(sql), dialect)
        found = self._young.get(key) or self._again(key, sql, dialect)
        if found is self.other:
            self.others += 1
        return found

    def __len__(self) -> int:
        """How many distinct statements there are."""
        return len(self._known)

    def _again(self, key: tuple[str | bytes, Dialect], sql: str, dialect: Dialect) -> Fingerprint:
        found = self._old.get(key) or self._admitted(fingerprint(sql, dialect))
        size = sys.getsizeof(key[0]) + sys.getsizeof(found.text)
        if len(self._young) >= self._texts or self._young_bytes + size > self._size_bytes:
            self._old, self._young, self._young_bytes = self._young, {}, 0
        self._young[key] = found
        self._young_bytes += size
        return found

    def _admitted(self, found: Fingerprint) -> Fingerprint:
        if found.hash not in self._known:
            if len(self._known) >= self.most:
                return self.other
            self._known.add(found.hash)
        return found


VERBATIM_CHARACTERS: Final = 10_000  # a longer text is remembered by its digest


def _digest(sql: str) -> bytes:
    return blake2b(sql.encode("utf-8", "surrogatepass"), digest_size=16).digest()


# Cutting: what is not plain. A pattern starts with one set of first characters, which the regex engine
# searches for quickly; each alternative then looks back at the one it is about.

_STRING = r"(?<=')[^']*+(?:'|\Z)(?:'[^']*+(?:'|\Z))*+"  # a doubled quote reads as two strings side by side
_ESCAPED = r"(?<=')(?:[^'\\]++|\\.?+|'')*+(?:'|\Z)"
_ESCAPED_DOUBLE = r'(?<=")(?:[^"\\]++|\\.?+|"")*+(?:"|\Z)'
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
_NAMES = f"{_DOUBLE}|{_BACKTICK}"
_STRINGS: Final[dict[Dialect, str]] = {
    "generic": _STRING,
    "sqlite": _STRING,
    "postgresql": rf"(?<=\b[eE]'){_ESCAPED}|{_STRING}",
    "mysql": rf"{_ESCAPED}|{_ESCAPED_DOUBLE}",
}
_REST: Final[dict[Dialect, str]] = {
    "generic": rf"{_COMMENT}|{_NAMES}|{_PLACEHOLDER}",
    "sqlite": rf"{_COMMENT}|{_NAMES}|(?<=\[)[^]]*+(?:\]|\Z)|{_PLACEHOLDER}|(?<=@)[^\W\d]\w*+",
    "postgresql": rf"{_COMMENT}|{_NAMES}|{_PLACEHOLDER}",
    "mysql": rf"{_MYSQL_COMMENT}|{_BACKTICK}|{_PLACEHOLDER}",
}
_EXTRA_FIRST: Final[dict[Dialect, str]] = {"generic": "", "sqlite": r"@\[", "postgresql": "", "mysql": "#"}


def _first(dialect: Dialect) -> str:
    return rf"""[-'"`/$?:%0-9.{_EXTRA_FIRST[dialect]}]"""


def _cutting(dialect: Dialect) -> re.Pattern[str]:
    """Literals with commas between them are one cut: a list of 500 costs little more than one of 5."""
    literal = rf"(?:(?<![\w$].){_NUMBER}|{_STRINGS[dialect]})"
    following = rf"""[-+]?+['"0-9.](?:{_NUMBER}|{_STRINGS[dialect]})"""
    run = rf"{literal}(?:\s*+,\s*+{following})*+"
    return re.compile(rf"({_first(dialect)}(?:{run}|{_REST[dialect]}))", re.DOTALL)


def _redaction(dialect: Dialect) -> re.Pattern[str]:
    cut = rf"{_first(dialect)}(?:(?<![\w$].){_NUMBER}|{_STRINGS[dialect]}|{_REST[dialect]})"
    words = r"\b(?:[tT][rR][uU][eE]|[fF][aA][lL][sS][eE])\b"
    return re.compile(rf"(?:\b(?:[eEnNxXbB]|[uU]&)(?='))?+{cut}|{words}", re.DOTALL)


_DIALECTS: Final[tuple[Dialect, ...]] = ("generic", "sqlite", "postgresql", "mysql")
_CUTTING: Final = {dialect: _cutting(dialect) for dialect in _DIALECTS}
_REDACTION: Final = {dialect: _redaction(dialect) for dialect in _DIALECTS}
_LITERAL: Final = {d: re.compile(rf"""['"0-9.](?:{_NUMBER}|{_STRINGS[d]})""", re.DOTALL) for d in _DIALECTS}
_QUOTES: Final[dict[Dialect, str]] = {"generic": '"`', "sqlite": '"`[', "postgresql": '"`', "mysql": "`"}
_PLAIN_NAME = re.compile(r'[a-z0-9_."]+').fullmatch  # comes through the arranging as it is
_PREFIX_ENDS: Final = frozenset("eEnNxXbB&pPlL")
_TYPED_PREFIX = re.compile(r"\b(?:date|time|timestamp|interval)\Z", re.IGNORECASE)
_PREFIX = re.compile(r"\b(?:[enxb]|u&|date|time|timestamp|interval)\Z", re.IGNORECASE)
_PREFIX_CHARACTERS: Final = len("timestamp")
_NESTING = re.compile(r"/\*|\*/")
_UNKEPT: Final = dict.fromkeys((0, 1))  # NUL, which databases refuse, and our own mark


def _clean(sql: str, dialect: Dialect) -> str:
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
    while found := _REDACTION["postgresql"].search(sql, at):
        if found[0].startswith("/*"):
            kept.append(sql[at : found.start()] + "/**/")
            at = _comment_end(sql, found.start())
        else:
            kept.append(sql[at : found.end()])
            at = found.end()
    return "".join(kept) + sql[at:]


def _comment_end(sql: str, start: int) -> int:
    depth = 0
    for mark in _NESTING.finditer(sql, start):
        depth += 1 if mark[0] == "/*" else -1
        if not depth:
            return mark.end()
    return len(sql)


def _cut(sql: str, dialect: Dialect) -> tuple[str, dict[str, int]]:
    """The statement with literals as ``?``, and the quoted names that a mark stands for."""
    pattern, quotes = _CUTTING[dialect], _QUOTES[dialect]
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


def _redact(match: re.Match[str], quotes: str) -> str:
    found = match[0]
    if found[0] in quotes:
        return "?" if _unterminated(found) else found
    if found.startswith(("--", "#")):
        return ""
    if found.startswith("/*"):
        start, end = match.span()
        return "" if {" ", "\n"} & {match.string[start - 1 : start], match.string[end : end + 1]} else " "
    return "?"


# Arranging: the text is lower-case with single spaces until keywords are set.

_KEYWORDS: Final = {
    word.lower(): word
    for word in """
    ADD ALL ALTER ANALYZE AND ANY ARRAY AS ASC BEGIN BETWEEN BY CASCADE CASE CHECK COLLATE COMMIT CONFLICT
    CONSTRAINT CREATE CROSS DEFAULT DELETE DESC DISTINCT DO DROP DUPLICATE ELSE END ESCAPE EXCEPT EXISTS
    EXPLAIN FALSE FETCH FILTER FOR FROM FULL GLOB GROUP HAVING IF ILIKE IN INDEX INNER INSERT
    INTERSECT INTO IS JOIN LATERAL LEFT LIKE LIMIT NATURAL NOT NOTHING NULL OFFSET ON OR ORDER OUTER
    OVER PARTITION PRAGMA RECURSIVE REGEXP RELEASE REPLACE RETURNING RIGHT ROLLBACK
    SAVEPOINT SELECT SET TABLE TEMPORARY THEN TO TRANSACTION TRIGGER TRUE TRUNCATE UNION UNIQUE UPDATE USING
    VALUES VIEW WHEN WHERE WINDOW WITH
    """.split()  # noqa: SIM905  # a list of a hundred strings would be a page
}
_OPERATOR = re.compile(
    r"([-+*#@<>=!~|&^%/:](?:(?<=-)(?:>>?)?|(?<=\+)|(?<=\*)(?<!\.\*)|(?<=#)>>?|(?<=@)>|(?<=<)@(?!\w)"
    r"|(?<=[<>=!~|&^%/:])[<>=!~|&^%/:]*+))"
)
_CASTS = re.compile(r"(?: ::)++ ")
_ITEM = r"(?:[-+] )*+(?:\?(?: \+)?+|null|true|false)(?:::[\w.]++)*+"
_IN_LIST = re.compile(rf" in \( {_ITEM}(?: , {_ITEM})*+ \)")
_ARRAY = re.compile(rf" array \[ {_ITEM}(?: , {_ITEM})*+ \]")
_CONSTANT = re.compile(r"\b(?:NULL|TRUE|FALSE)\b(?<!\bIS ....)(?<!\bIS .....)(?<!\bNOT ....)(?<!\bNOT .....)")
_SIGN = re.compile(r" [-+](?<=[(\[,=<>!~|&^%/:*+A-Z-] [-+])(?<!\bEND [-+])(?: [-+])*+ \?")
_CALL = re.compile(r" \((?<=[^\WA-Z] \(|[\"\1] \()")
_ROW = r"\((?:[^()]++|\([^()]*+\))*+\)"
_ROWS = re.compile(rf"(?:(?<=VALUES )|(?<=IN \()){_ROW}(?:, {_ROW})*+")
_EACH_ROW = re.compile(_ROW)
_SAVEPOINT = re.compile(
    r"(?:^|(?<=; ))(SAVEPOINT|RELEASE(?: SAVEPOINT)?+|ROLLBACK(?: work| TRANSACTION)? TO(?: SAVEPOINT)?+)"
    r" [^ ;]++"
)
_TIGHT: Final = (("( ", "("), (" )", ")"), (" ,", ","), (" ;", ";"), ("[ ", "["), (" ]", "]"), (" [", "["))
_MARK = re.compile("\1([0-9]+)\1")


def _arranged(text: str, names: dict[str, int]) -> str:
    text = " ".join(_OPERATOR.split(text.lower()))
    for mark in "?,;()[]":
        text = text.replace(mark, f" {mark} ")
    text = _joined(f" {' '.join(text.split())} ")
    text = " ".join([_KEYWORDS.get(word, word) for word in text.split()])
    text = _punctuated(_plain_values(text))
    if "VALUES (" in text or "IN ((" in text:
        text = _ROWS.sub(_distinct_rows, text)
    if "SAVEPOINT " in text or "ROLLBACK " in text or "RELEASE " in text:
        text = _SAVEPOINT.sub(r"\1 ?", text)
    text = text.strip(" ;")
    if names:
        quoted = list(names)
        text = _MARK.sub(lambda mark: quoted[int(mark[1])], text)
    return text


def _joined(text: str) -> str:
    """Dotted names, casts and lists of literals as one word each; spaces at both ends."""
    if " ." in text or ". " in text:
        text = text.replace(" .", ".").replace(". ", ".")
    if "::" in text:
        text = _CASTS.sub("::", text)
    if " in (" in text:
        text = _IN_LIST.sub(" in ( ?+ )", text)
    if " array [" in text:
        text = _ARRAY.sub(" array [ ?+ ]", text)
    return text


def _plain_values(text: str) -> str:
    """NULL, TRUE and FALSE are literals unless after IS or NOT; a sign belongs to its literal."""
    if "NULL" in text or "TRUE" in text or "FALSE" in text:
        text = _CONSTANT.sub("?", text)
    if "- ?" in text or "+ ?" in text:
        text = _SIGN.sub(" ?", text)
    return text


def _punctuated(text: str) -> str:
    for spaced, tight in _TIGHT:
        text = text.replace(spaced, tight)
    return _CALL.sub("(", text) if " (" in text else text


def _distinct_rows(rows: re.Match[str]) -> str:
    return ", ".join([row for row, _ in itertools.groupby(_EACH_ROW.findall(rows[0]))])
