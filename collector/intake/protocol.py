"""One line of the socket's protocol: what it asks, or which records it brings; and its answer. Pure.

A line is a JSON object or an array of up to 1,000; each record has ``kind``, its columns, and
optionally ``id``. ``{"ask": "status"}`` asks instead.
"""

from __future__ import annotations

from typing import Any

from collector.intake.deliveries import (
    LONGEST_LINE,
    MOST_RECORDS,
    MOST_TOLD,
    Delivery,
    Question,
    Rejection,
    Rejections,
)
from collector.intake.loose import finished
from collector.intake.reading import reading
from collector.records.base import Arrival
from collector.store.buffer import Outcome

__all__ = [
    "LONGEST_LINE",
    "MOST_RECORDS",
    "MOST_TOLD",
    "Delivery",
    "Question",
    "Rejection",
    "Rejections",
    "parse",
    "told",
]

LONG_REASON, SHORT_REASON = 4_000, 200  # characters


def parse(line: bytes, arrival: Arrival) -> Question | Delivery:
    """Read one line at once; whatever it holds, this answers and does not raise."""
    return finished(reading(line, arrival))


def told(outcome: Outcome, said: Delivery | None = None) -> dict[str, Any]:
    """The answer to a delivery; positions count from 0 in the line as it was sent."""
    refused = [*said.rejected] if said else []
    for i, reason in outcome.rejected:
        refused.append(Rejection(said.positions[i] if said else i, reason))
    nothing = not (outcome.duplicate or refused)
    return {
        "result": "committed"
        if outcome.committed or nothing
        else "duplicate"
        if outcome.duplicate
        else "rejected",
        "committed": outcome.committed,
        "duplicate": outcome.duplicate,
        "rejected": [_rejection(one, whole=n < MOST_TOLD) for n, one in enumerate(sorted(refused))],
    }


def _rejection(one: Rejection, *, whole: bool) -> dict[str, Any]:
    """Why a record was refused; after the first fifty in a few words, so that no answer grows huge."""
    if not whole:
        return {"position": one.position, "reason": _cut(one.reason, SHORT_REASON)}
    faults = [{"path": _cut(path, SHORT_REASON), "fault": what} for path, what in one.faults]
    told: dict[str, Any] = {"position": one.position, "reason": _cut(one.reason, LONG_REASON)}
    return {**told, "faults": faults} if faults else told


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"
