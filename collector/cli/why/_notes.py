"""What ``collector why`` tells before the figures: how much of that time was recorded at all."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from collector.answers import gaps
from collector.answers.usual.during import NEAR_MS
from collector.answers.why import MOMENT_MS
from collector.moments import at_second, between
from collector.units import duration

Row = dict[str, Any]

_BESIDE = ("before", "after")
# Figures are of no sample that lies further from a moment: half a minute, and a minute beyond it.
_FARTHEST_MS = MOMENT_MS + NEAR_MS


def notes(answer: Row, now_ms: int) -> Iterator[str]:
    """What has to be known before the figures: a hole, a time before all records, samples that lack."""
    if answer["in_gap"]:
        gap = answer["in_gap"]
        stretch = between(gap["from_ms"], gap["to_ms"], now_ms)
        yield f"the machine was not recorded then: {gap['reason']} {stretch}"
    elif missing := gaps.seconds_missing(answer["gaps"], answer["from_ms"], answer["to_ms"]):
        yield f"{duration(1000 * missing)} of it were not recorded"
    if answer.get("nearest"):
        yield from _nearest(answer, now_ms)
    first = answer.get("first_ms")
    if first is not None and answer["to_ms"] < first:
        yield f"that was before the first record: {at_second(first, now_ms)}"


def _nearest(answer: Row, now_ms: int) -> Iterator[str]:
    """Where the nearest samples lie; how far from the moment those lie that its figures are of."""
    near = answer["nearest"]
    if answer["figures"]:
        at_ms = answer["subject"]["at_ms"]
        apart = {word: abs(at_ms - near[f"{word}_ms"]) for word in _BESIDE if near[f"{word}_ms"] is not None}
        told = [f"{duration(ms)} {word}" for word, ms in apart.items() if ms <= _FARTHEST_MS]
        if told:
            yield f"nearest samples {' and '.join(told)}"
    elif told := [at_second(ms, now_ms) for ms in near.values() if ms is not None]:
        yield f"the nearest samples are of {' and '.join(told)}"
