"""Commands and messages without the secrets that people put into them.

A secret is known by what stands before it (a name, an option, a header), by its place in a URL or behind a
program's own option, or by its shape; one without any of these cannot be told from a plain word. Where the
recorder knows a value, `values` says which of it is a secret and `without` takes it out.

Every rule yields the spans to hide. None looks at a character more than a few times, so hostile text costs
no more than plain text; a rule whose words are not in the text is not asked at all.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Sequence

from collector.redact import addresses, marked, programs, shapes
from collector.redact.names import is_secret_name
from collector.redact.pieces import lowered

__all__ = ["LONGEST", "command_line", "redacted", "shortened", "values", "without"]

LONGEST = 1000
SHORTEST_VALUE = 8  # a shorter one may be a part of many a harmless word
_RULES = (*addresses.RULES, *marked.RULES, *shapes.RULES, *programs.RULES)

_ODD, _LEADING = re.compile(r"""[\s'"&;\\]"""), 10  # words among which a command names its program
_STARS = "%hidden%"  # stands for them while words are quoted, which stars alone would not need
_NAME = re.compile(r"[\w.\[\]-]++")


def redacted(text: str) -> str:
    """``text`` with what looks like a secret replaced by ``***``."""
    return _hidden(text, _found(text))


def command_line(words: Sequence[str]) -> str:
    """A command as one would type it, without its secrets, at most 1000 characters."""
    shown = [shlex.quote(_masked(words, i).replace("***", _STARS)) for i in range(len(words))]
    return shortened(redacted(" ".join(shown)).replace(_STARS, "***"), LONGEST)


def shortened(text: str, longest: int) -> str:
    """``text``, cut to ``longest`` characters with a mark where it was cut."""
    return text if len(text) <= longest else text[: longest - 1] + "…"


def values(name: str, value: str) -> frozenset[str]:
    """What of a variable is a secret: all of it where its name says so, else what would be hidden in it.

    Only what has 8 characters or more.
    """
    if is_secret_name(name):
        found = {value, *value.splitlines()}
    else:
        found = {value[start:end].strip("'\"") for start, end in _found(value)}
    return frozenset(secret for secret in found if len(secret) >= SHORTEST_VALUE)


def without(text: str, secrets: Iterable[str]) -> str:
    """``text`` with ``***`` for these values wherever they stand, of two that overlap the longer."""
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, "***")
    return text


def _masked(words: Sequence[str], i: int) -> str:
    """One word, which may be the value of the option before it, of a name in it, or of a short option."""
    word = words[i]
    if i and marked.is_option(words[i - 1]):
        return "***"
    name, _, value = word.partition("=")
    if value and _NAME.fullmatch(name) and is_secret_name(name):
        return f"{name}=***"  # all of it, whatever it holds
    if word.startswith(("-", "pass:")) and _ODD.search(word):
        # An odd sign would end the value in a text; here it is one word, whose program may stand before it.
        before = " ".join([*words[:i][:_LEADING], ""])
        spans = _found(before + _ODD.sub("_", word))
        word = _hidden(
            word, [(max(0, a - len(before)), b - len(before)) for a, b in spans if b > len(before)]
        )
    return redacted(word)


def _found(text: str) -> list[tuple[int, int]]:
    low = lowered(text)
    return [span for rule, marks in _RULES if any(mark in low for mark in marks) for span in rule(text, low)]


def _hidden(text: str, spans: list[tuple[int, int]]) -> str:
    """``text`` with stars for these spans, once for those that overlap."""
    out, at = [], 0
    for start, end in sorted(spans):
        if start >= at:
            out += [text[at:start], "***"]
        at = max(at, end)
    return "".join([*out, text[at:]]) if spans else text
