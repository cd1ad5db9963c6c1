"""Those whom the writer tells what it did. They are called in its thread, and must be quick."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec


class Timed(Protocol):
    """Hears how long one of our own statements took (name, milliseconds, rows)."""

    def __call__(self, name: str, duration_ms: float, rows: int, /) -> None:
        """Take note of one."""
        ...


class Stored(Protocol):
    """Hears the records of a batch of which at least one was stored anew, after the commit.

    Must not raise: the commit is done, and whoever waits for word of it should hear of it.
    """

    def __call__(self, records: Sequence[msgspec.Struct], /) -> None:
        """Take note of them."""
        ...


def nobody(*_: object) -> None:
    """Where there is nobody to be told."""
