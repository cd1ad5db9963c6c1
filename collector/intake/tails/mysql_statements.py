"""How much of a statement in a slow query log can be told without telling a literal.

A literal that looks like an entry cuts its statement in two. The second part begins inside of the literal, so
what is read there as quoted is not, and the other way round: ``y' or pin = 'secret``.
"""

from __future__ import annotations

import re
from typing import Final

# The words that statements of MySQL and MariaDB begin with, those of procedures included.
_WORDS: Final = (
    "alter analyze backup begin binlog cache call case change check checksum clone close commit create"
    " deallocate declare delete desc describe do drop end execute explain fetch flush for get grant handler"
    " help if import insert install kill leave iterate load lock loop open optimize prepare purge raise"
    " release rename repair repeat replace reset resignal restart return revoke rollback savepoint select"
    " set show shutdown signal start stop table truncate uninstall unlock update use values while with xa"
)
_BEGINS = re.compile(rf"\s*+(?:\(|/\*|--|\#|(?:{_WORDS.replace(' ', '|')})\b)", re.IGNORECASE)
# Behind a literal that is read the wrong way round stands what is quoted; few words may stand there.
_BEHIND: Final = (
    "(?!(?!(?:and|or|xor|as|from|where|then|when|else|end|union|order|group|having|limit|in|is|like|not|between"
    "|collate|for|into|asc|desc|escape|div|mod|regexp|rlike|using|on)\\b)\\w)"
)
_PIECES: Final = (
    r"[^'\"`\\/#-]++",
    rf"'(?:[^'\\]++|\\.|'')*+'{_BEHIND}",
    rf'"(?:[^"\\]++|\\.|"")*+"{_BEHIND}',
    r"`[^`]*+`",
    r"/\*(?:[^*]++|\*(?!/))*+\*/",
    r"/(?!\*)",
    r"--(?!\S)[^\n]*+",
    r"-(?!-(?!\S))",
    r"\#[^\n]*+",
)
_COMES_OUT = re.compile(f"(?:{'|'.join(_PIECES)})*+", re.IGNORECASE | re.DOTALL).fullmatch
_FIRST_QUOTE = re.compile("['\"`\\\\]")


def told(sql: str) -> str | None:
    """``sql`` where its quotes come out, else what stands before the first; None for what is no statement."""
    if not _BEGINS.match(sql):
        return None
    first = _FIRST_QUOTE.search(sql)
    if first is None or _COMES_OUT(sql):
        return sql
    return sql[: first.start()] + "?"
