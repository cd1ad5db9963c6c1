"""``log_line_prefix``: which escapes there are, and the pattern of the lines that begin with one.

Names of users, databases and applications may hold nearly anything, so such a field reaches as far as
what the prefix has behind it. Each is matched without a way back: a line of a hostile length costs no
more than its length.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from collector.intake.tails.postgresql.messages import SEVERITY

DEFAULT: Final = "%m [%p] "
WIDEST: Final = 200

ZONE: Final = r"[A-Z][A-Za-z]{1,5}|[+-]\d\d(?::?\d\d){0,2}"
_SECOND = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"
_STRICT = {
    "m": rf"(?P<second>{_SECOND})\.(?P<fraction>\d{{3}}) (?P<zone>{ZONE})",
    "n": r"(?P<second>\d{9,11})\.(?P<fraction>\d{3})",
    "t": rf"(?P<second>{_SECOND}) (?P<zone>{ZONE})",
    "s": rf"{_SECOND} (?:{ZONE})",
    "p": r"(?P<pid>\d+)",
    "c": r"(?P<session>[0-9a-f]+\.[0-9a-f]+)",
    "P": r"\d*",
    "l": r"\d+",
    "e": r"[0-9A-Z]{5}",
    "v": r"(?:-?\d+/\d+)?",
    "x": r"\d+",
    "Q": r"-?\d+",
}
_FREE = {
    "a": "application",
    "u": "user",
    "d": "database",
    "r": None,
    "h": None,
    "b": None,
    "i": None,
    "L": None,
}
"""Fields that may hold nearly anything, and what they are called where they are kept."""
_STAMPS = "mnt"  # the best first
_ESCAPE = re.compile(r"%(-?[0-9]{0,9})(.?)", re.DOTALL)


class Part(NamedTuple):
    """A piece of a prefix: an escape with its width, or text, whose ``escape`` is empty."""

    escape: str
    width: int
    text: str


def parts(prefix: str) -> Iterator[Part]:
    """The prefix in pieces; ``%%`` is text."""
    end = 0
    for found in _ESCAPE.finditer(prefix):
        if found.start() > end:
            yield Part("", 0, prefix[end : found.start()])
        width, letter = found.groups()
        yield Part("", 0, "%") if letter == "%" else Part(letter or "%", int(width.strip("-") or 0), found[0])
        end = found.end()
    if end < len(prefix):
        yield Part("", 0, prefix[end:])


def faults(prefix: str) -> Iterator[str]:
    """What is wrong with it, in words."""
    pieces = [*parts(prefix)]
    for piece in pieces:
        if piece.escape and piece.escape not in {*_STRICT, *_FREE, "q"}:
            yield f"{piece.text!r} is no escape of log_line_prefix"
        elif piece.width > WIDEST:
            yield f"{piece.text!r} is wider than {WIDEST} characters"
    if not any(piece.escape in _STAMPS for piece in pieces if piece.escape):
        yield "has none of %m, %n and %t, so its lines do not say when they were written"
    if prefix.startswith("\t") or "\n" in prefix:
        yield "begins with a tab or holds a line end, which tell where an entry begins"


def pattern(prefix: str) -> str:
    """A regular expression for the prefix of a line, its groups named by what they hold."""
    return _Pattern([*parts(prefix)]).whole()


class _Pattern:
    """Puts it together from left to right, each group named once."""

    def __init__(self, pieces: list[Part]) -> None:
        self._pieces = pieces
        escapes = {piece.escape for piece in pieces if piece.escape}
        self._stamp = next((letter for letter in _STAMPS if letter in escapes), "")
        self._named: set[str] = set()

    def whole(self) -> str:
        made = ""
        for index, piece in enumerate(self._pieces):
            if piece.escape == "q":  # a process without a session stops here
                return f"{made}(?:{self._rest(index + 1)})?"
            made += self._one(index, piece)
        return made

    def _rest(self, start: int) -> str:
        pieces = enumerate(self._pieces[start:], start)
        return "".join(self._one(index, piece) for index, piece in pieces if piece.escape != "q")

    def _one(self, index: int, piece: Part) -> str:
        if piece.escape in _FREE:
            return self._free(index, piece.escape)
        if piece.escape and not self._is_wanted(piece.escape):
            return _strict(piece)
        return _strict(piece, named=True)

    def _is_wanted(self, escape: str) -> bool:
        """Whether its groups are used: of moments only the best, and of anything only the first."""
        is_new = escape not in self._named
        self._named.add(escape)
        return is_new and (escape not in _STAMPS or escape == self._stamp)

    def _free(self, index: int, escape: str) -> str:
        after = self._after(index + 1)
        if after is None:  # two such fields side by side: nothing tells where one ends
            return ""
        first = self._pieces[index + 1].text[0] if self._is_text(index + 1) else ""
        first = first if first.isascii() else ""  # its bytes may begin other characters as well
        body = _up_to(after, first)
        name = _FREE[escape]
        wanted = name and self._is_alone(index) and self._is_wanted(escape)
        return f"(?P<{name}>{body})" if wanted else body

    def _is_alone(self, index: int) -> bool:
        """Whether no other such field stands right before it."""
        before = [piece.escape for piece in self._pieces[:index] if piece.escape != "q"]
        return not before or before[-1] not in _FREE

    def _is_text(self, index: int) -> bool:
        return index < len(self._pieces) and not self._pieces[index].escape

    def _after(self, start: int) -> str | None:
        """What ends a field: all that follows up to the next field of its sort; None when that is next."""
        made = ""
        for index, piece in enumerate(self._pieces[start:], start):
            if piece.escape == "q":
                return f"{made}(?:(?:{SEVERITY}):  |{self._after(index + 1) or ''})"
            if piece.escape in _FREE:
                return made or None
            made += _strict(piece)
        return f"{made}(?:{SEVERITY}):  "


def _strict(piece: Part, *, named: bool = False) -> str:
    if not piece.escape:
        return re.escape(piece.text)
    found = _STRICT[piece.escape]
    found = found if named else re.sub(r"\?P<\w+>", "?:", found)
    if not piece.width:
        return f"(?:{found})"
    spaces = f" {{0,{piece.width}}}"
    return f"(?:{found}){spaces}" if piece.text.startswith("%-") else f"{spaces}(?:{found})"


def _up_to(after: str, first: str) -> str:
    """Anything before the first place where ``after`` matches; ``first`` is the character it begins with."""
    if not first:
        return rf"(?:(?!{after})[^\n])*+"
    other, first = rf"[^{re.escape(first)}\n]*+", re.escape(first)
    return rf"{other}(?:(?!{after}){first}{other})*+"
