"""Secrets in addresses: ``scheme://me:x@host``, ``https://TOKEN@host``, ``jdbc:oracle:thin:me/x@host``."""

from __future__ import annotations

import re

from collector.redact.pieces import Rules, Spans, each

_URL = re.compile(r"://[^\s'\"]++")
_URL_USER = re.compile(r"(?!\[)[^/:@]*+:(?!\d+(?:[/?#]|\Z))")
# Alone before the host of a web page, a token stands more often than a user: told by its look.
_LONE = re.compile(r"https?://([^\s/:@'\"?#]++)(?=@|:[^\s/@'\"]*+@)", re.IGNORECASE)
_LONG_CHARACTERS, _SHORT_CHARACTERS = 20, 8
_ORACLE = re.compile(
    r"(?:jdbc:oracle:\w{1,20}:|sqlplus\s++(?:-\w++\s++)*+)['\"]?"
    r"[^\s/@'\"-][^\s/@'\"]{0,128}+/(\"[^\"\n]*+\"|[^\s'\"@]++)"
)


def _urls(text: str, _: str) -> Spans:
    """scheme://user:password@host, whose password may hold an @ or a /."""
    for found in _URL.finditer(text):
        last = text.rfind("@", found.start(), found.end())
        at = found.start()
        while 0 <= at < last:
            user = _URL_USER.match(text, at + 3, last)
            if user:
                yield user.end(), last
                break
            at = text.find("://", at + 3, last)


def _lone_users(text: str, _: str) -> Spans:
    for found in _LONE.finditer(text):
        if _looks_like_a_token(found[1]):
            yield found.span(1)


def _looks_like_a_token(user: str) -> bool:
    """Letters and digits, and so long or so mixed that nobody is called so."""
    if len(user) < _SHORT_CHARACTERS or not any(c.isdigit() for c in user):
        return False
    return len(user) >= _LONG_CHARACTERS or any(c.isupper() for c in user)


RULES: Rules = (
    (_urls, ("://",)),
    (_lone_users, ("http",)),
    (each(_ORACLE, 1), ("jdbc:oracle:", "sqlplus")),
)
