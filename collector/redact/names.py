"""Which names name a secret: ``DB_PASSWORD_PROD`` does, ``password_file`` and ``token_count`` do not."""

from __future__ import annotations

import re
from typing import Final

from collector.redact.pieces import lowered

# A name that holds one of these names a secret, unless what follows says otherwise; --author does not. Each
# begins with a letter, and what must not stand before it is asked afterwards: so re skips to the letters.
_STRONG = (
    *("password", "passwd", "passphrase", "secret", "token", r"credentials?"),
    "(?:access|auth|api|refresh|bearer|session|bot)[_-]?tokens",  # others are what language models count
    *(rf"{word}[_-]?key" for word in ("api", "access", "account", "private", "shared", "signing", "master")),
    *(r"secret[_-]?key(?:_base)?", r"encryption[_-]?key", "x-amz-signature"),
)
# These are parts of too many other words: pass_rate, cookie_domain, authorization_url.
_WEAK = ("authorization", "cookie", r"pass(?<![a-z]pass)", r"pwd(?<![a-z]pwd)")
# What only names one in front of an = or as an option: elsewhere it is a plain word or a program.
MORE: Final = (
    "(?:store|key|ssh|db|user)pass",
    r"redis(?:cli)?_auth",
    "bearer",
    r"jwt(?<![a-z]jwt)",
    r"sig(?<=[?&]sig)",
)
NAME: Final = "|".join((*sorted(_STRONG, key=len, reverse=True), *_WEAK, *MORE))
LONGEST_TAIL = 64  # characters: what stands behind the word in a name
TAIL: Final = rf"(?:[\w.\[\]-]|%5[bd]){{0,{LONGEST_TAIL}}}+"
MARKS: Final = (
    *("pass", "pwd", "secret", "token", "key", "credential", "authorization", "cookie", "_auth", "bearer"),
    "jwt",
)

_FOUND = re.compile(NAME)
_STRONG_WORD = re.compile("|".join(_STRONG))
# How the rest of a name may go on behind the word: as another word, in brackets, or glued to it.
_GLUED = r"(?:hash|value|text|string|data)"
_GOES_ON = re.compile(rf"s?(?:\Z|[\d_.\[\]%-]|{_GLUED}\Z)")
_PROSE_TAIL = re.compile(
    rf"(?:(?:[_.-]|%5b|\[)?(?:\d++|{_GLUED}|prod(?:uction)?|stag(?:e|ing)|dev|test|live|old|new|raw|plain))*+"
    r"(?:\]|%5d|\[\w*+\])*+"
)
_CAMEL = re.compile("[A-Z][a-z]")  # passwordHash, but not TOKENIZER
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
# What is said about a secret and is none itself, by the words of the rest of the name.
_ABOUT_TEXT = (
    "file files filename path paths dir directory folder location env var variable name names field fields"
    " column label id ids count counts counter total num number per second seconds sec rate limit limits"
    " max min maximum minimum size length len bytes budget usage used remaining type types kind"
    " algorithm algo alg policy policies format encoding encryption url uri endpoint manager provider"
    " ttl expiry expires expire expiration expired lifetime age timeout duration ms at created updated"
    " changed modified date time timestamp rotation rotate required enabled disabled valid invalid validity"
    " validation validator check checks checker mode strength complexity prompt authentication scope scopes"
    " issuer audience status version index idx position offset ratio percent error errors failed failure"
    " failures message method function httponly samesite jar source command cmd helper based protected"
    " generator cache bucket loss accuracy embedding embeddings arn reference stdin through"
)
_ABOUT = frozenset(_ABOUT_TEXT.split())
_SUFFIX_OF_FILE = re.compile(
    r"\.(?:py|pyc|jsx?|tsx?|go|rs|c|h|cc|cpp|hpp|java|kt|rb|php|pl|sh|sql|md|rst|txt|json|ya?ml|toml|ini"
    r"|cfg|conf|log|x?html?|css|csv|xml|lock|service|so)\Z"
)


def is_secret_name(name: str) -> bool:
    """Whether what a variable, a key or an option of this name holds is a secret."""
    low, at = lowered(name), 0
    while found := _FOUND.search(low, at):
        if goes_on_secret(found[0], name[found.end() :][:LONGEST_TAIL]):
            return True
        at = found.start() + 1  # userpass may be the beginning of userpassword
    return False


def goes_on_secret(word: str, tail: str) -> bool:
    """Whether a name is still a secret's with ``tail`` behind the ``word`` (in lower case) that says so."""
    if not tail:
        return True
    low = lowered(tail)
    if not _STRONG_WORD.fullmatch(word):
        return bool(_PROSE_TAIL.fullmatch(low))
    if word == "token" and low.startswith("s"):
        return False
    if not (_GOES_ON.match(low) or _CAMEL.match(tail)) or _SUFFIX_OF_FILE.search(low):
        return False
    if word == "secret" and low == "_id":
        return True  # of Vault's AppRole: developer.hashicorp.com/vault/docs/auth/approle
    return _ABOUT.isdisjoint(part.lower() for part in _WORDS.findall(tail))
