"""What both ways into the database have in common."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import msgspec

from collector.errors import CollectorError

Answer = dict[str, Any]


class Load(Protocol):
    """Records that we made ourselves, in the two forms that the two ways take."""

    def records(self) -> Sequence[msgspec.Struct]:
        """Ready for the writer; they are not checked again."""
        ...

    def told(self) -> Sequence[dict[str, Any]]:
        """As JSON objects with ``kind``."""
        ...

    def again(self) -> None:
        """It goes the other way after all: whatever was left out as known must be told again."""
        ...


class Way(Protocol):
    """One of the two: through a daemon, or with a writer of our own."""

    def deliver(self, items: list[Any]) -> Answer:
        """Store so many as fit on one line. Raises `Moved` when this is no longer the way."""
        ...

    def store(self, load: Load) -> Answer:
        """Store them all. Raises `Moved` when this is no longer the way."""
        ...

    def close(self) -> None:
        """Let go of what was opened."""
        ...


def merge(whole: Answer, part: Answer, positions: Sequence[int]) -> None:
    """Add what became of one line; ``positions`` are those of its records in the whole."""
    whole["committed"] += part["committed"]
    whole["duplicate"] += part["duplicate"]
    whole["rejected"] += [{**one, "position": positions[one["position"]]} for one in part["rejected"]]
    words = ("committed", "duplicate")
    whole["result"] = next((word for word in words if whole[word]), "rejected")


class Moved(Exception):
    """A daemon came or went: the other way may work. ``told`` is for a person, if it does not."""

    def __init__(self, told: CollectorError) -> None:
        super().__init__(told.message)
        self.told = told
