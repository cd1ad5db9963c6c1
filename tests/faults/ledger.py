"""What clients sent and what they were told of it: the other side of the books."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

Fate = Literal["acknowledged", "refused", "unknown"]


class Sent(NamedTuple):
    """One record as it was sent: the ``position``-th of the ``sequence``-th batch of its source."""

    kind: str
    id: str
    source: str
    sequence: int
    position: int

    @property
    def figures(self) -> tuple[int, int]:
        """Two numbers of its row, by which its content is known."""
        return self.sequence, self.position


@dataclass
class Told:
    """A batch, and what became of it: the best that any attempt was told.

    ``turn``: the how manieth to be acknowledged it was; 0 while it is not, and where an earlier attempt had
    stored it already, nobody knows when.
    """

    records: list[Sent]
    fate: Fate = "unknown"
    unanswered: int = 0  # attempts whose answer never came, the one under way included
    refused: set[int] = field(default_factory=set)  # positions that were rejected one by one
    complaint: str = ""
    mark: int = 0
    turn: int = 0

    @property
    def name(self) -> str:
        """Its source and which of its batches it is."""
        return f"{self.records[0].source}/{self.records[0].sequence}"

    def acknowledged(self) -> list[Sent]:
        """The records that were answered as stored."""
        if self.fate != "acknowledged":
            return []
        return [record for record in self.records if record.position not in self.refused]


class Ledger:
    """Append-only: batches in the order they were sent, with their fates. For any number of threads.

    ``mark`` is asked as each answer comes, and kept with it: how long the shim's journal is, for instance.
    """

    def __init__(self, mark: Callable[[], int] = lambda: 0) -> None:
        self._mark = mark
        self._changed = threading.Condition()
        self._turns = 0
        self.batches: list[Told] = []
        self.acknowledged = 0

    def sent(self, records: list[Sent]) -> Told:
        """Note a batch before its first byte is sent."""
        batch = Told(records)
        with self._changed:
            self.batches.append(batch)
        return batch

    def attempted(self, batch: Told) -> None:
        """Note that a batch is sent now, or sent again."""
        batch.unanswered += 1

    def answered(self, batch: Told, answer: dict[str, Any]) -> None:
        """Note what the daemon said of a batch."""
        mark = self._mark()
        rejected = {fault["position"] for fault in answer.get("rejected", [])}
        with self._changed:
            batch.unanswered -= 1
            if answer.get("result") in ("busy", "rejected"):
                batch.fate = "unknown" if batch.unanswered else "refused"
            else:
                batch.fate, batch.refused, batch.mark = "acknowledged", rejected, mark
                batch.complaint = complaint(batch, answer)
                self._turns += 1
                batch.turn = 0 if answer.get("duplicate") else self._turns
                self.acknowledged += len(batch.acknowledged())
            self._changed.notify_all()

    def wait_for(self, acknowledged: int, seconds: float = 30.0) -> None:
        """Wait until so many records are acknowledged in all. Raises TimeoutError."""
        with self._changed:
            if not self._changed.wait_for(lambda: self.acknowledged >= acknowledged, seconds):
                raise TimeoutError(f"{self.acknowledged} of {acknowledged} acknowledged in {seconds:.0f} s")

    def wait_for_more(self, records: int, seconds: float = 30.0) -> None:
        """Wait until so many records more than now are acknowledged. Raises TimeoutError."""
        self.wait_for(self.acknowledged + records, seconds)

    def until(self, mark: int) -> Ledger:
        """These books as they stood at ``mark``: what was answered later is unknown."""
        past = Ledger()
        for batch in self.batches:
            known = batch.fate != "acknowledged" or batch.mark <= mark
            fate, turn = (batch.fate, batch.turn) if known else ("unknown", 0)
            past.batches.append(Told(batch.records, fate, batch.unanswered, batch.refused, turn=turn))
        past.acknowledged = sum(len(batch.acknowledged()) for batch in past.batches)
        return past


def complaint(batch: Told, answer: dict[str, Any]) -> str:
    """What is wrong with an answer by itself; empty when nothing is."""
    committed, duplicate = answer.get("committed", 0), answer.get("duplicate", 0)
    if committed + duplicate + len(answer.get("rejected", [])) != len(batch.records):
        return f"the answer to {batch.name} does not add up to its {len(batch.records)} records: {answer}"
    if duplicate and not batch.unanswered:
        return f"{batch.name} was never taken before and answered duplicate: {answer}"
    if duplicate and committed:
        return f"{batch.name} was stored in part the first time: {answer}"
    return ""
