"""Commands and messages without the secrets that people put into them.

A secret is known by what stands before it (a name, an option, a header), by its place in a URL or behind a
program's own option, or by its shape; one without any of these cannot be told from a plain word.

Every rule yields the spans to hide. None looks at a character more than a few times, so hostile text costs
no more than plain text; a rule whose words are not in the text is not asked at all.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator, Sequence
from itertools import zip_longest

LONGEST = 1000
Spans = Iterator[tuple[int, int]]
_Rule = Callable[[str, str], Spans]  # of a text, and of the text in lower case

_ODD, _LEADING = re.compile(r"""[\s'"&;\\]"""), 10  # words among which a command names its program
_STARS = "%hidden%"  # stands for them while words are quoted, which stars alone would not need

# A value as a shell or JSON has it: quoted pieces, escapes, plain characters. An unclosed quote (the text
# may be cut) goes to the end of its line; one behind plain characters may be the end of what surrounds it.
_IN_SINGLE, _IN_DOUBLE = r"(?:[^']*+'|[^\n]*+)", r'(?:[^"\\]*+(?:\\.[^"\\]*+)*+"|[^\n]*+)'
_ENDS = r"(?![\s,;)}\]&|]|\Z)"
_VALUE = (
    rf"""(?:'{_IN_SINGLE}|"{_IN_DOUBLE}|\\.|[^\s&;'"\\])"""
    rf"""(?:'(?:(?<=['"]')|{_ENDS}){_IN_SINGLE}|"(?:(?<=['"]")|{_ENDS}){_IN_DOUBLE}|\\."""
    r"""|(?:(?<!['"])|(?![,)}\]]))[^\s&;'"\\]++)*+"""
)
# A name that ends in one of these names a secret; --max-tokens, --author and --password-file do not. Each
# begins with a letter, and what must not stand before it is asked afterwards: so re skips to the letters.
_NAMES = (
    *("password", "passwd", "passphrase", "secret", "token", r"credentials?", "authorization", "cookie"),
    *(rf"{word}[_-]?key" for word in ("api", "access", "account", "private", "shared", "signing", "master")),
    *(r"secret[_-]?key(?:_base)?", r"encryption[_-]?key", "x-amz-signature"),
    *(r"pass(?<![a-z]pass)", r"pwd(?<![a-z]pwd)"),
)
# What only names one in front of an = or as an option: elsewhere it is a plain word or a program.
_MORE = ("(?:store|key|ssh|db|user)pass", r"redis(?:cli)?_auth", "bearer", r"sig(?<=[?&]sig)")
_NAME = "|".join((*sorted(_NAMES, key=len, reverse=True), *_MORE))
_MARKED = re.compile(rf"(?:{_NAME})\d*+(['\"]?)[ \t]*+(=>|:=|=|:(?!//))[ \t]*+")
_ONLY_ASSIGNED = re.compile("|".join(_MORE))
_OPTION = re.compile(rf"-(?<![\w.-]-)-?+(?!no-|ask-)[\w.-]*?(?:{_NAME})\d*+")
_OPTION_VALUE = re.compile(rf"{_OPTION.pattern}(?:\s|\\\n)++(?!-)({_VALUE})", re.DOTALL)
_NAMED = re.compile(rf"[\w.-]*?(?:{_NAME})\d*+")
_ASSIGNED = re.compile(rf"(?:(?:bearer|basic)\s++)?{_VALUE}", re.DOTALL)
# Servers say "using password: NO", and we of a program that is named passwd what is wrong with it.
_PLAIN = re.compile(r"(?:yes|no)(?=[\s)]|\Z)|(?:(?:it|there|that) is|the interpreter)\b")
_WORD, _LOOK_BACK = "abcdefghijklmnopqrstuvwxyz0123456789_.-", 200  # characters; no name is longer
_BEARER = re.compile(r"bearer(?<!\wbearer)\s++(?!-)([^\s'\",;)]++)")
_LITERAL = re.compile(rf"(?:password|identified\s++by)\s++((?=['\"]){_VALUE})", re.DOTALL)
_URL = re.compile(r"://[^\s'\"]++")
_URL_USER = re.compile(r"(?!\[)[^/:@]*+:(?!\d+(?:[/?#]|\Z))")
_USER = re.compile(rf"-(?<![^\s'\"]-)(?:u|U|-user|-proxy-user)[ \t=]*+((?![+]){_VALUE})", re.DOTALL)
# What keys and tokens of well-known makers begin with, and what follows.
_SHAPES = {
    "eyJ": r"[\w-]{8,}(?:\.[\w-]*)*", **{f"gh{kind}_": r"\w{16,}" for kind in "oprsu"},
    "github_pat_": r"\w{16,}", "glpat-": r"[\w.-]{16,}",
    "xox": r"[a-z]-[\w-]{8,}", "AKIA": "[0-9A-Z]{16}", "ASIA": "[0-9A-Z]{16}", "AIza": r"[\w-]{30,}",
    "sk-": r"(?!ecdsa|ssh)[\w-]{20,}", "sk_": r"\w{20,}", "rk_": r"\w{20,}", "npm_": r"\w{30,}",
    "pypi-": r"[\w-]{30,}", "hf_": r"\w{30,}", "hvs.": r"[\w-]{20,}", "SG.": r"[\w-]{16,}\.[\w-]{16,}",
}  # fmt: skip
_SHAPED = re.compile(
    "|".join(rf"{re.escape(mark)}(?<![A-Za-z0-9]{re.escape(mark)}){rest}" for mark, rest in _SHAPES.items())
)
_PEM = re.compile(r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY.*?(?:-----END [A-Z ]{0,40}PRIVATE KEY|\Z)", re.DOTALL)
# Programs with a short option that is a password. The group is the option: `first` is -p of the program
# alone and not of the command behind it, `login` is -p behind that word, `glued` is -p without a space.
_PROGRAM = re.compile(
    r"(?<![\w.-])(?:(?P<first>sshpass)|(?P<a>redis-cli|valkey-cli)|(?P<b>curl)"
    r"|(?P<glued>(?:mysql|mariadb)[\w-]*+|7z[az]?|(?:un)?rar)"
    r"|(?P<login>docker|podman|nerdctl|buildah|skopeo|helm|az|oc|cf)"
    r"|(?P<p>mongo(?:sh|dump|restore|export|import)?|cqlsh|rabbitmqadmin)"
    r"|(?P<P>(?:un)?zip|sqlcmd|bcp|ipmitool|mosquitto_(?:pub|sub|rr))"
    r"|(?P<pw>plink|pscp|psftp)|(?P<w>ldap[a-z]++))(?![\w.-])"
)
_SHORT = {
    name: re.compile(rf"(?<![^\s'\"]){option}({value})", re.DOTALL)
    for name, option, value in (
        *((letter, rf"-{letter}[\s=]*+", _VALUE) for letter in ("a", "p", "P", "pw", "w")),
        *((group, r"-p[\s=]*+", _VALUE) for group in ("first", "login")),
        ("glued", r"-p", _VALUE),
        ("b", r"-b\s*+", rf"(?=\S*=){_VALUE}"),  # cookies; without an = it is a file
    )
}


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


def _masked(words: Sequence[str], i: int) -> str:
    """One word, which may be the value of the option before it, of a name in it, or of a short option."""
    word = words[i]
    if i and _OPTION.fullmatch(_lowered(words[i - 1])):
        return "***"
    name, _, value = word.partition("=")
    if value and _NAMED.fullmatch(_lowered(name)):
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
    low = _lowered(text)
    return [span for rule, marks in _RULES if any(mark in low for mark in marks) for span in rule(text, low)]


def _hidden(text: str, spans: list[tuple[int, int]]) -> str:
    """``text`` with stars for these spans, once for those that overlap."""
    out, at = [], 0
    for start, end in sorted(spans):
        if start >= at:
            out += [text[at:start], "***"]
        at = max(at, end)
    return "".join([*out, text[at:]]) if spans else text


def _lowered(text: str) -> str:
    """``text`` in lower case, each character at its place."""
    low = text.lower()
    return low if len(low) == len(text) else "".join(c.lower() if c.isascii() else c for c in text)


def _marked(text: str, low: str) -> Spans:
    """PGPASSWORD=x, ?token=x, "token": "x", Authorization: Bearer x."""
    at = 0
    while found := _MARKED.search(low, at):
        at = found.end()
        opening, is_path = _before(low, found.start())
        is_colon, is_quoted = found[2] == ":", bool(found[1])
        is_other = is_colon and (is_path or _ONLY_ASSIGNED.match(low, found.start()))
        if is_other or _PLAIN.match(low, at):
            continue
        if (
            "=" not in found[2]
            and not is_quoted
            and low.startswith(("authorization", "cookie"), found.start())
        ):
            end = _end_of_header(text, at, opening)
        else:
            value = _ASSIGNED.match(low, at)
            end = value.end() if value else at
        if end > at:
            yield at, end
            at = end


def _before(low: str, at: int) -> tuple[str, bool]:
    """The character before the word that goes on at ``at``, and whether it makes that word a path."""
    before = low[max(0, at - _LOOK_BACK) : at].rstrip(_WORD)[-1:]
    return before, before == "/"


def _end_of_header(text: str, at: int, opening: str) -> int:
    """Where a header ends: at the quote in which it stands, else with the line."""
    line = (text.find("\n", at) + 1 or len(text) + 1) - 1
    quote = text.find(opening, at, line) if opening in ("'", '"') else -1
    return line if quote < 0 else quote


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


def _users(text: str, low: str) -> Spans:
    """Curl -u name:password; a container's user and group are numbers."""
    for found in _USER.finditer(text):
        value = found[1]
        name, _, password = value.partition(":")
        is_group = (name + password).isdigit() and ("docker" in low or "podman" in low)
        if password and not is_group:
            closed = len(value) > 1 and value[0] in "'\"" and value[-1] == value[0]
            yield found.start(1) + len(name) + 1, found.end(1) - closed


def _shorts(text: str, _: str) -> Spans:
    """Sshpass -p x, redis-cli -a x: up to the next such program."""
    programs = [*_PROGRAM.finditer(text)]
    for program, following in zip_longest(programs, programs[1:]):
        group, start = str(program.lastgroup), program.end()
        end = following.start() if following else len(text)
        if group == "login":
            start = (text.find("login", start, end) + 1 or end + 1) - 1
        for found in _SHORT[group].finditer(text, start, end):
            yield found.span(1)
            if group == "first":
                break


def _each(pattern: re.Pattern[str], of: int) -> _Rule:
    """What ``pattern`` finds: all of it in the text as it is (0), or its group in lower case (1)."""
    return lambda *texts: (found.span(of) for found in pattern.finditer(texts[of]))


_NAMES_HOLD = (
    "pass",
    "pwd",
    "secret",
    "token",
    "key",
    "credential",
    "authorization",
    "cookie",
    "_auth",
    "bearer",
)
# Each rule with the words (in lower case) without which it finds nothing.
_RULES: tuple[tuple[_Rule, tuple[str, ...]], ...] = (
    (_urls, ("://",)),
    (_marked, (*_NAMES_HOLD, "sig")),
    (_each(_OPTION_VALUE, 1), _NAMES_HOLD),  # --db-password x
    (_each(_BEARER, 1), ("bearer",)),
    (_each(_LITERAL, 1), ("password", "identified")),  # ALTER USER me PASSWORD 'x'
    (_users, ("-u", "-proxy-u")),
    (_each(_SHAPED, 0), tuple(mark.lower() for mark in _SHAPES)),
    (_each(_PEM, 0), ("private key",)),
    (_shorts, ("sshpass", "-cli", "curl", "mysql", "mariadb", "login", "7z", "rar", "mongo", "cqlsh",
               "rabbit", "zip", "sqlcmd", "bcp", "ipmitool", "mosquitto", "plink", "pscp", "psftp", "ldap")),
)  # fmt: skip
