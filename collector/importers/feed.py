"""Brings what was read to where it is stored, and counts what became of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from collector.importers.base import Entry, Fault, Item, Note

MOST_KEPT = 1_000  # refusals with their reasons; the others are only counted
MOST_SHOWN = 10


class Tally:
    """What became of the records so far. ``did`` is the word for those that were stored."""

    def __init__(self, did: str) -> None:
        self._did = did
        self.committed = 0
        self.duplicate = 0
        self.refused = 0
        self.refusals: list[dict[str, str]] = []
        self.notes: list[str] = []

    @property
    def total(self) -> int:
        """How many were seen."""
        return self.committed + self.duplicate + self.refused

    def refuse(self, where: str, reason: str) -> None:
        """Count one that was not stored."""
        self.refused += 1
        if len(self.refusals) < MOST_KEPT:
            self.refusals.append({"where": where, "reason": reason})

    def summary(self) -> str:
        """One line: ``2 recorded, 1 already there, 1 refused``."""
        there = [f"{self.duplicate:,} already there"] if self.duplicate else []
        refused = [f"{self.refused:,} refused"] if self.refused else []
        return ", ".join([f"{self.committed:,} {self._did}", *there, *refused])

    def told(self, prefix: str = "") -> list[str]:
        """The notes, then a line for each refusal, as far as a person wants to read them."""
        shown = [": ".join(filter(None, (prefix, *one.values()))) for one in self.refusals[:MOST_SHOWN]]
        more = self.refused - len(shown)
        notes = [": ".join(filter(None, (prefix, note))) for note in self.notes]
        return notes + shown + ([f"and {more:,} more"] if more else [])

    def document(self) -> dict[str, Any]:
        """The same for scripts; ``rejected`` holds the first 1,000 of the refused."""
        return {
            "committed": self.committed,
            "duplicate": self.duplicate,
            "refused": self.refused,
            "rejected": self.refusals,
            **({"notes": self.notes} if self.notes else {}),
        }


def feed(
    batches: Iterable[Sequence[Item]],
    send: Callable[[Sequence[Any]], dict[str, Any]],
    tally: Tally,
    moved: Callable[[], None] = lambda: None,
) -> None:
    """Send batch after batch; the tally is true at any moment, and ``moved`` is called after each."""
    for batch in batches:
        tally.notes += [item.text for item in batch if isinstance(item, Note)]
        entries = [(n, item) for n, item in enumerate(batch) if isinstance(item, Entry)]
        refused = [(n, item.where, item.reason) for n, item in enumerate(batch) if isinstance(item, Fault)]
        if entries:
            answer = send([item.record for _, item in entries])
            tally.committed += answer["committed"]
            tally.duplicate += answer["duplicate"]
            for one in answer["rejected"]:
                n, item = entries[one["position"]]
                refused.append((n, item.where, one["reason"]))
        for _, where, reason in sorted(refused):
            tally.refuse(where, reason)
        moved()
