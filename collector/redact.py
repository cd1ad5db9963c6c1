"""Commands and messages without the secrets that people put into them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence

LONGEST = 1000

# A name that ends in one of these names a secret; --max-tokens, --author and --password-file do not.
_SENSITIVE = (
    r"[\w.-]*?(?:password|passwd|passphrase|secret|token|credential|authorization"
    r"|(?:api|access|private|secret)[_-]?key|(?<![a-z])(?:pass|pwd))"
)
_VALUE = r"(?:(?:bearer|basic)\s+)?(?:'[^']*'|\"[^\"]*\"|[^\s&,;'\"]+)"
_PLAIN = r"(?:yes|no|(?:it|there|that) is|the interpreter)\b"
_OPTION = re.compile(rf"--?{_SENSITIVE}", re.IGNORECASE)
_STARS = "%hidden%"  # stands for them while words are quoted, which stars alone would not need
_MASKED = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"(\b[a-z][a-z0-9+.-]*://[^\s/:@'\"]*:)(?!\d+/)[^\s'\"]+(?=@)",  # scheme://user:password@host
        rf"((?<![\w.-])--?{_SENSITIVE}(?:=|\s+))(?!-){_VALUE}",  # --db-password x, --token=x
        rf"((?<![\w.-]){_SENSITIVE}['\"]?\s*=\s*)(?!(?:yes|no)\b){_VALUE}",  # PGPASSWORD=x
        # "token": "x"; but /etc/passwd: and what we say of a program named passwd are plain words.
        rf"((?<![\w./-]){_SENSITIVE}['\"]?\s*:\s*)(?!{_PLAIN}){_VALUE}",
        r"((?<!/)(?:authorization|cookie)\s*[=:]\s*).*",
        r"(\bbearer\s+)[\w.~+/=-]+",
        r"(\s(?:-u|--user)[\s=]*[^\s:'\"]+:)[^\s'\"]+",  # curl -u name:password
        r"(\b(?:mysql|mariadb)\S*\s(?:.*?\s)?-p)[^\s'\"]+",  # mysql -ppassword
    )
)


def redacted(text: str) -> str:
    """``text`` with what looks like a secret replaced by ``***``."""
    for pattern in _MASKED:
        text = pattern.sub(r"\1***", text)
    return text


def command_line(words: Sequence[str]) -> str:
    """A command as one would type it, without its secrets, at most 1000 characters."""
    pairs = zip(("", *words), words, strict=False)
    shown = [shlex.quote(_masked(before, word, words[0]).replace("***", _STARS)) for before, word in pairs]
    return shortened(" ".join(shown).replace(_STARS, "***"), LONGEST)


def _masked(before: str, word: str, program: str) -> str:
    """One word, which may be the value of the option before it."""
    if _OPTION.fullmatch(before):
        return "***"
    if before in {"-u", "--user"} and ":" in word:
        return word.partition(":")[0] + ":***"
    if word.startswith("-p") and program.rpartition("/")[2].startswith(("mysql", "mariadb")):
        return word[:2] + "***"
    return redacted(word)


def shortened(text: str, longest: int) -> str:
    """``text``, cut to ``longest`` characters with a mark where it was cut."""
    return text if len(text) <= longest else text[: longest - 1] + "…"
