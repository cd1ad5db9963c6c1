"""The wall clock is set under load, and set right again."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from collector.tidying import SECONDS
from tests.faults.checker import Verdict
from tests.faults.ground import Ground
from tests.faults.row import Round, fault
from tests.faults.ticks import Ticks, until

HOUR_S, DAY_S, YEAR_S = 3600, 86_400, 365 * 86_400
SPANS_S = (YEAR_S, HOUR_S, 100 * YEAR_S, 1, 10, 60, DAY_S)
# No Linux has a clock from before 1970 (settimeofday(2): EINVAL), so 100 years back end there.
FARTHEST_BACK_S = DAY_S - int(time.time())
JUMPS_S = [span * (-1) ** number for number, span in enumerate(SPANS_S)]
JUMPS_S = [max(jump, FARTHEST_BACK_S) for sign in (1, -1) for jump in (sign * each for each in JUMPS_S)]
EVERY_S = 0.2
CONFIG = f'[sampling]\nevery = "{EVERY_S}s"\non_battery = "{EVERY_S}s"\n'
CLOSE_MS = 10_000
BARS = {"lost intervals of 200 ms": 2}


@dataclass
class Course:
    """What was done to the clock so far, and the worst of it. ``right_ms``: how far ahead it stands right."""

    ground: Ground
    ticks: Ticks
    right_ms: int
    at_s: int = 0
    spans_ms: list[int] = field(default_factory=list)
    lost: int = 0

    def set(self, at_s: int) -> float:
        """Have the clock stand ``at_s`` ahead of being right; seconds until something is committed."""
        self.spans_ms.append(abs(at_s - self.at_s) * 1000)
        self.at_s, began = at_s, time.monotonic()
        self.ground.shim.shift_clock(self.right_ms + at_s * 1000)
        recovery_s = self.ground.probe() - began
        until(lambda: len(self.gaps()) >= len(self.spans_ms), "a gap row for the jump")
        self.ticks.wait_for_more(2)
        self.lost = max(self.lost, self.ticks.lost(began, time.monotonic(), EVERY_S))
        return recovery_s

    def gaps(self) -> list[int]:
        """How long the holes are that are put down to the clock, in ms."""
        sql = "SELECT to_ms - from_ms FROM gaps WHERE reason = 'clock' ORDER BY id"
        return [span for (span,) in self.ground.victim.rows(sql)]

    def complain(self) -> None:
        """Each jump is one hole, as long as the jump."""
        gaps = self.gaps()
        off = [abs(a - b) for a, b in zip(gaps, self.spans_ms, strict=True)]
        assert max(off) < CLOSE_MS, f"jumps of {self.spans_ms} ms left gaps of {gaps}"


@fault(
    "clock-jumps", "the clock jumps by 1 s to 100 years, and back", quick=1, full=14, whole=True, bars=BARS
)
def run(ground: Ground, count: int) -> Iterator[Round]:
    """One daemon meets all of them; its record is judged after the last."""
    right_ms = far_from_tidying()
    ground.victim.configure(CONFIG)
    ground.shim.shift_clock(right_ms)
    ground.victim.start(ground.shim)
    with ground.load(batches_per_s=20), Ticks(ground.victim) as ticks:
        course = Course(ground, ticks, right_ms)
        ticks.wait_for_more(2)
        for number in ground.numbers(count):
            yield after(course, JUMPS_S[number % len(JUMPS_S)])
    course.complain()
    verdict = ground.judge()
    ((uncommitted,),) = ground.victim.rows("SELECT sum(received - committed) FROM recorder_sessions")
    assert uncommitted == 0, f"{uncommitted} records were received and not committed"
    yield Round(verdict, is_sum=True)


def after(course: Course, jump_s: int) -> Round:
    """One jump and back."""
    slowest_s = max(course.set(at_s) for at_s in (jump_s, 0))
    figures = {"lost intervals of 200 ms": course.lost, "gap rows": len(course.gaps())}
    return Round(Verdict(), slowest_s, figures)


def far_from_tidying() -> int:
    """How far ahead (ms) the clock is right when retention is not due for some minutes.

    What is recorded while the clock is a year behind is a year old by it: retention takes it when it is set
    right. What retention makes of jumps is another row.
    """
    period_ms = round(SECONDS * 1000)
    return (period_ms // 3 - time.time_ns() // 1_000_000) % period_ms
