"""Secrets behind a name: ``PASSWORD=x``, ``"token": "x"``, ``--api-key x``, ``<password>x</password>``."""

from __future__ import annotations

import re

from collector.redact.names import MARKS, MORE, NAME, TAIL, goes_on_secret, is_secret_name
from collector.redact.pieces import VALUE, Rule, Rules, Spans, each, lowered

_SIGN = "=>|:=|=|:(?!//)|%3d|%3a"
_MARKED = re.compile(
    rf"""(?P<word>{NAME})(?P<tail>{TAIL})(?P<quote>\\?['"]|%22|%27)?[ \t]*+(?P<sign>{_SIGN})[ \t]*+"""
)
_ONLY_ASSIGNED = re.compile("|".join(MORE))
_OPTION = re.compile(r"-(?<![\w.-]-)-?+(?!no-|ask-)([\w.\[\]-]{1,128}+)")
_GAP = re.compile(r"(?:\s|\\\n)++(?!-)")
_VALUE = re.compile(VALUE, re.DOTALL)
_ASSIGNED = re.compile(rf"(?:(?:bearer|basic)\s++)?{VALUE}", re.DOTALL)
# Servers say "using password: NO", and we of a program that is named passwd what is wrong with it.
_PLAIN = re.compile(r"(?:yes|no)(?=[\s)]|\Z)|(?:(?:it|there|that) is|the interpreter)\b")
# What is told of secrets: whether, and of several how many.
_TOLD = re.compile(r"(?:true|false|yes|no|on|off|ok|none|null|passed|failed)(?=[\s,;)}\]&]|\Z)")
_HOW_MANY = re.compile(r"\d{1,4}(?=[\s,;)}\]&]|\Z)")
_WORD, _LOOK_BACK = "abcdefghijklmnopqrstuvwxyz0123456789_.-[", 200  # characters; no name is longer
_BEARER = re.compile(r"bearer(?<!\wbearer)\s++(?!-)([^\s'\",;)]++)")
_LITERAL = re.compile(rf"(?:password|identified\s++by)\s++((?=['\"]){VALUE})", re.DOTALL)
_ELEMENT = re.compile(
    r"<([\w:.-]{1,128}+)(?:\s[^<>]*+)?(?<!/)>\s*+(<!\[CDATA\[[^\]]*+|[^<\s][^<]*+(?=</|\Z))"
)
# <add key="DbPassword" value="x"/>, <input name="password" value="x">
_ATTRIBUTE = re.compile(rf"(?:key|name)=['\"]([\w:.-]{{1,128}}+)['\"]\s++value=({VALUE})", re.DOTALL)
# Of a .netrc, in one line or in several: gnu.org/software/inetutils/manual (The .netrc file).
_NETRC = re.compile(
    r"(?:machine\s++\S++|default)\s++login\s++\S++\s++(?:account\s++\S++\s++)?password\s++(\S++)"
)


def is_option(word: str) -> bool:
    """Whether a word is an option whose value is a secret."""
    found = _OPTION.fullmatch(lowered(word))
    return found is not None and is_secret_name(word[found.start(1) :])


def _option_values(text: str, low: str) -> Spans:
    """--db-password x."""
    at = 0
    while found := _OPTION.search(low, at):
        at = found.end()
        if (gap := _GAP.match(text, at)) and is_secret_name(text[slice(*found.span(1))]):
            value = _VALUE.match(text, gap.end())
            at = value.end() if value else at
            if value:
                yield value.span()


def _marked(text: str, low: str) -> Spans:
    """PGPASSWORD=x, ?token=x, "token": "x", Authorization: Bearer x."""
    at = 0
    while found := _MARKED.search(low, at):
        end = _end_of_value(text, low, found)
        if end > found.end():
            yield found.end(), end
            at = end
        else:
            at = found.start() + 1  # userpass may be the beginning of userpassword


def _end_of_value(text: str, low: str, found: re.Match[str]) -> int:
    """Where the secret ends that begins behind a name and its sign; at once where it is none."""
    at, word = found.end(), found["word"]
    if _tells_nothing(low, found) or not goes_on_secret(word, text[slice(*found.span("tail"))]):
        return at
    if found["sign"] == ":" and not found["quote"] and word in {"authorization", "cookie"}:
        return _end_of_header(text, at, _before(low, found.start())[0])
    value = _ASSIGNED.match(low, at)
    return value.end() if value else at


def _tells_nothing(low: str, found: re.Match[str]) -> bool:
    """Whether what stands behind a name is no secret: a path, a test's outcome, how many there are."""
    at, is_colon = found.end(), found["sign"] in {":", "%3a"}
    before, is_test = _before(low, found.start())
    if _PLAIN.match(low, at):
        return True
    if is_colon and (before == "/" or (not found["quote"] and _ONLY_ASSIGNED.fullmatch(found["word"]))):
        return True
    if not found["tail"].strip("[]0123456789_-"):
        return False
    if _TOLD.match(low, at) or (found["tail"] == "s" and _HOW_MANY.match(low, at)):
        return True
    return is_colon and (is_test or low.startswith(":", at))


def _before(low: str, at: int) -> tuple[str, bool]:
    """The character before the name that goes on at ``at``, and whether it is the name of a test."""
    before = low[max(0, at - _LOOK_BACK) : at]
    bare = before.rstrip(_WORD)
    return bare[-1:], before[len(bare) :].startswith("test_")


def _end_of_header(text: str, at: int, opening: str) -> int:
    """Where a header ends: at the quote in which it stands, else with the line."""
    line = (text.find("\n", at) + 1 or len(text) + 1) - 1
    quote = text.find(opening, at, line) if opening in {"'", '"'} else -1
    return line if quote < 0 else quote


def _enclosed(pattern: re.Pattern[str]) -> Rule:
    """What stands in the second group of ``pattern`` where the name in the first is one of a secret."""
    return lambda text, _: (found.span(2) for found in pattern.finditer(text) if is_secret_name(found[1]))


RULES: Rules = (
    (_marked, (*MARKS, "sig")),
    (_option_values, MARKS),
    (_enclosed(_ELEMENT), ("<",)),
    (_enclosed(_ATTRIBUTE), ("value=",)),
    (each(_NETRC, 1), ("login",)),
    (each(_BEARER, 1), ("bearer",)),
    (each(_LITERAL, 1), ("password", "identified")),  # ALTER USER me PASSWORD 'x'
)
