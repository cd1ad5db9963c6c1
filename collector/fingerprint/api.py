"""What others call: the fingerprint, the redacted sample, and a memory of what was seen."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Final, NamedTuple

from collector.fingerprint.arranging import arranged
from collector.fingerprint.cutting import QUOTES, REDACTION, Dialect, clean, cut, redact
from collector.fingerprint.outline import outline
from collector.fingerprint.secrets import without_secrets

try:  # hashlib would load OpenSSL: +4 MB resident in the daemon
    from _blake2 import blake2b
except ImportError:  # a Python built without its own hashes
    from hashlib import blake2b

FP_VERSION: Final = 1
"""Raised with every change of a rule, since the same statement then gets another hash."""

TEXT_CHARACTERS: Final = 20_000
OTHER_HASH: Final = "other"


class Fingerprint(NamedTuple):
    """What all statements of one shape share."""

    hash: str
    """16 hex digits; taken over the whole text, also where ``text`` is cut."""
    text: str
    """Normalised; over 20,000 characters it is cut there and ends in ``…``."""
    version: int


def fingerprint(sql: str, dialect: Dialect = "generic") -> Fingerprint:
    """The fingerprint of ``sql``, whatever it holds; never raises and holds no literal.

    The text is generic SQL: unless it is nonsense, cut or has quoted names, its own fingerprint as
    ``generic`` is the same.
    """
    text = arranged(*cut(without_secrets(clean(sql, dialect), dialect), dialect))
    digest = blake2b(f"{FP_VERSION}\n{text}".encode(), digest_size=8).hexdigest()
    if len(text) > TEXT_CHARACTERS:
        text = text[: TEXT_CHARACTERS - 1] + "…"
    return Fingerprint(digest, text, FP_VERSION)


def redacted(sql: str, dialect: Dialect = "generic") -> str:
    """The statement as written, each literal a ``?`` and comments gone: the one sample that is kept."""
    quotes, kept = QUOTES[dialect], without_secrets(clean(sql, dialect), dialect)
    return REDACTION[dialect].sub(lambda found: redact(found, quotes), kept).strip()


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
        found = self._young.get((sql, dialect)) or self._by_outline(sql, dialect)
        if found is self.other:
            self.others += 1
        return found

    def __len__(self) -> int:
        """How many distinct statements there are."""
        return len(self._known)

    def _by_outline(self, sql: str, dialect: Dialect) -> Fingerprint:
        """Statements that differ in plain literals only are remembered as one, and without these."""
        known: str | bytes = _digest(sql) if len(sql) > VERBATIM_CHARACTERS else outline(sql) or sql
        return self._young.get((known, dialect)) or self._again((known, dialect), sql, dialect)

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


def digest(data: bytes) -> str:
    """16 hex digits that stand for ``data``."""
    return blake2b(data, digest_size=8).hexdigest()


def _digest(sql: str) -> bytes:
    return blake2b(sql.encode("utf-8", "surrogatepass"), digest_size=16).digest()
