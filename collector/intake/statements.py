"""The SQL statements that came in: their fingerprints, and which of their texts are stored already."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import cast

from collector.fingerprint import OTHER_HASH, Dialect, Seen, redacted

# A text is offered again after so long: the writer may have refused the record that brought it.
AGAIN_SECONDS = 600.0
MOST_TEXTS = 10_000
_FOR_EVER = float("inf")


class Statements:
    """``stored`` are the hashes that have their text in the database already.

    Used by one thread, but for `withdraw`, which the writer's calls too. Should that meet another's
    `is_new` of the same hash, a text comes once more than needed, which does no harm.
    """

    def __init__(self, stored: Iterable[str] = ()) -> None:
        self._offered: dict[str, float] = dict.fromkeys(stored, _FOR_EVER)
        self._seen = Seen(most=MOST_TEXTS, known=self._offered)

    def of(self, sql: str, dialect: str) -> tuple[str, str, int]:
        """The fingerprint of ``sql``: (hash, normalised text, version of the rules)."""
        return self._seen.of(sql, cast("Dialect", dialect))

    def sample(self, sql: str, dialect: str) -> str:
        """``sql`` as it was written, with ? for every literal."""
        return redacted(sql, cast("Dialect", dialect))

    def is_new(self, query_hash: str) -> bool:
        """Whether the text of this hash should be stored now; the next to ask hears no.

        ``other`` has its place beside the ten thousand: its row tells what it stands for.
        """
        now = time.monotonic()
        at = self._offered.get(query_hash)
        if at is not None and now - at < AGAIN_SECONDS:
            return False
        if at is None and len(self._offered) >= MOST_TEXTS and query_hash != OTHER_HASH:
            return False
        self._offered[query_hash] = now
        return True

    def withdraw(self, query_hash: str) -> None:
        """Have the text of this hash offered again: the record that was to bring it is not stored."""
        if self._offered.get(query_hash) != _FOR_EVER:
            self._offered.pop(query_hash, None)

    def forget(self) -> None:
        """Have all texts offered again that were not stored already when this began."""
        self._offered = {key: at for key, at in self._offered.items() if at == _FOR_EVER}
