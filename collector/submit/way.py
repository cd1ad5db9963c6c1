"""What both ways into the database have in common."""

from __future__ import annotations

from typing import Any, Protocol

from collector.errors import CollectorError

Answer = dict[str, Any]


class Way(Protocol):
    """One of the two: through a daemon, or with a writer of our own."""

    def deliver(self, items: list[Any]) -> Answer:
        """Store so many as fit on one line. Raises `Moved` when this is no longer the way."""
        ...

    def close(self) -> None:
        """Let go of what was opened."""
        ...


class Moved(Exception):
    """A daemon came or went: the other way may work. ``told`` is for a person, if it does not."""

    def __init__(self, told: CollectorError) -> None:
        super().__init__(told.message)
        self.told = told
