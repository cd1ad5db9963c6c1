"""From the points of a subject to its changes: which runs count, and what lies on both sides. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from collector.answers import detection
from collector.answers.found import Found
from collector.answers.points import Loaded
from collector.answers.subjects import ENOUGH_RUNS, Point, Subject

Verdict = Literal["steps", "steady", "too few", "drifts", "daily"]

# A machine that is busy in so large a part of the newest runs is so for good: then these runs count.
NEARLY_ALL = 0.75
NEWEST = ENOUGH_RUNS
FOR_EVER = 1 << 62


@dataclass(frozen=True, slots=True)
class Looked:
    """What a look at one subject showed; ``have`` runs count for it."""

    subject: Subject
    loaded: Loaded
    verdict: Verdict
    have: int
    found: Sequence[Found] = field(default_factory=tuple)

    @property
    def noisy(self) -> int:
        """How many runs were left out as noisy."""
        return len(self.loaded.points) - self.have


def analysed(subject: Subject, loaded: Loaded, floor: float) -> Looked:
    """Look for changes of at least ``floor`` (0.03 is 3 %) among the runs that are not noisy.

    Where nearly all of the newest are, among all runs too: what shows only there is marked.
    """
    points = loaded.points
    quiet = [point for point in points if not point.noisy]
    calm = _detected(quiet, floor)
    found = _found(subject, quiet, calm, points)
    have, verdict = len(quiet), calm.verdict
    if _nearly_all_noisy(points[-NEWEST:]):
        every = _detected(points, floor)
        noisy = [one for one in _found(subject, points, every, points) if one.only_noisy]
        found += [one for one in noisy if not any(_is_the_same(one, other) for other in found)]
        if verdict == "too few":
            have, verdict = len(points), every.verdict
    found.sort(key=lambda one: one.at_ms)
    return Looked(subject, loaded, "steps" if found else verdict, have, found)


def _detected(points: Sequence[Point], floor: float) -> detection.Found:
    values, at_ms = [point.value for point in points], [point.timestamp for point in points]
    return detection.find(values, at_ms, floor=floor)


def _nearly_all_noisy(points: Sequence[Point]) -> bool:
    return bool(points) and sum(point.noisy for point in points) >= NEARLY_ALL * len(points)


def _is_the_same(one: Found, other: Found) -> bool:
    """Whether both say the same of the same time: the one's runs begin among the other's."""
    is_alike = (one.ratio > 1) == (other.ratio > 1)
    return is_alike and other.before[0].timestamp < one.at_ms <= other.after[-1].timestamp


def _found(
    subject: Subject, counted: Sequence[Point], seen: detection.Found, points: Sequence[Point]
) -> list[Found]:
    """The steps among the points that ``counted``, each with the runs up to its neighbours."""
    starts = [0, *(step.index for step in seen.steps)]
    ends = [*starts[2:], len(counted)]
    found = []
    for step, start, end in zip(seen.steps, starts, ends, strict=False):
        before, after = counted[start : step.index], counted[step.index : end]
        until_ms = counted[end].timestamp if end < len(counted) else FOR_EVER
        found.append(_one(subject, step, before, after, _noisy(points, before, after, until_ms)))
    return found


def _noisy(
    points: Sequence[Point], before: Sequence[Point], after: Sequence[Point], until_ms: int
) -> tuple[int, int]:
    """How many noisy runs were left out on both sides; none where they counted."""
    if any(point.noisy for point in (*before, *after)):
        return 0, 0
    since_ms, at_ms = before[0].timestamp, after[0].timestamp
    noisy = [point.timestamp for point in points if point.noisy]
    return sum(since_ms <= ms < at_ms for ms in noisy), sum(at_ms <= ms < until_ms for ms in noisy)


def _one(
    subject: Subject,
    step: detection.Step,
    before: Sequence[Point],
    after: Sequence[Point],
    noisy: tuple[int, int],
) -> Found:
    return Found(
        subject,
        before,
        after,
        step.before.median,
        step.after.median,
        step.ratio,
        step.low,
        step.high,
        confirmed=step.state == "confirmed",
        noisy_before=noisy[0],
        noisy_after=noisy[1],
        only_noisy=_nearly_all_noisy(after),
    )
