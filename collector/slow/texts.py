"""The texts of statements that a warning may show: a bounded number, and only their beginnings."""

from __future__ import annotations

from collections.abc import Callable

CHARACTERS = 200
MOST = 1_000


class Texts:
    """Learns texts that come along with records; the others are looked up once. Used by one thread.

    ``look_up`` gives the text of a fingerprint, empty where none is known.
    """

    def __init__(self, most: int = MOST) -> None:
        self.look_up: Callable[[str], str] = lambda _: ""
        self._most = most
        self._known: dict[str, str] = {}

    def learn(self, query_hash: str, text: str) -> str:
        """Keep the beginning of a text, and give it."""
        shown = text if len(text) <= CHARACTERS else f"{text[: CHARACTERS - 1]}…"
        self._known.pop(query_hash, None)
        self._known[query_hash] = shown
        if len(self._known) > self._most:
            del self._known[next(iter(self._known))]
        return shown

    def of(self, query_hash: str) -> str:
        """The beginning of the text; empty where nobody knows it."""
        known = self._known.get(query_hash)
        return self.learn(query_hash, self.look_up(query_hash)) if known is None else known
