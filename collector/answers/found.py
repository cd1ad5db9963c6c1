"""A change as it is found, before its cause is known: what detection, causes and the table have in common."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from collector.answers.subjects import Point, Subject

Verdict = Literal["code", "machine", "data", "unknown"]


@dataclass(frozen=True, slots=True)
class Found:
    """A lasting change of one subject: the runs on the level before it and on the level after it.

    ``noisy_before`` and ``noisy_after`` are how many runs of these stretches were left out as noisy.
    ``only_noisy``: it shows only with them, so the runs since then ran on a busy machine.
    """

    subject: Subject
    before: Sequence[Point]
    after: Sequence[Point]
    median_before: float
    median_after: float
    ratio: float
    low: float
    high: float
    confirmed: bool
    noisy_before: int = 0
    noisy_after: int = 0
    only_noisy: bool = False

    @property
    def at_ms(self) -> int:
        """The first run after it."""
        return self.after[0].timestamp

    @property
    def last_before_ms(self) -> int:
        """The last run before it."""
        return self.before[-1].timestamp


@dataclass(frozen=True, slots=True)
class Cause:
    """Why, as far as the record shows it: a ``sentence`` with figures, and ``evidence`` for scripts."""

    verdict: Verdict
    sentence: str
    evidence: dict[str, Any]
    first_commit: str | None = None
