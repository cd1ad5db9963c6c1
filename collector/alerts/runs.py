"""Workloads: which of their last runs were over their budget, and which failed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from collector.alerts.turn import Details, Turn
from collector.alerts.windows import Rule, Windows
from collector.records.base import KINDS_BY_MODEL
from collector.records.run import Run
from collector.slow.warnings import NEWS_MS
from collector.workloads.execute import over_budget

RUN: object = KINDS_BY_MODEL[Run].struct

OVER_BUDGET, FAILING = 0, 1
RULES = (Rule("over_budget", of=3, bad=2, good=0), Rule("failing", of=2, bad=2, good=0))

# As `workloads.child` and `workloads.execute` tell of a run that the recorder's own stop cut off.
CUT_OFF = "the recorder stopped"


class Ran(NamedTuple):
    """What of a run counts here; columns of `Run`."""

    workload: str
    timestamp: int
    outcome: str
    wall_ms: float | None
    budget_ms: float | None
    detail: str | None


def failed(run: Any) -> bool | None:
    """Whether a run went wrong; None where it did not happen, or was cut off by nobody's fault."""
    if run.outcome == "ok":
        return False
    if run.outcome in {"missed", "overlapped"} or CUT_OFF in (run.detail or ""):
        return None
    return True


def was_over(run: Any) -> bool | None:
    """Whether a run took more than its budget; None where that cannot be said.

    What ran into its timeout did. What failed within its budget may only have ended early.
    """
    if run.budget_ms is None or failed(run) is None:
        return None
    if run.outcome == "timeout" or over_budget(run):
        return True
    return None if run.outcome != "ok" or run.wall_ms is None else False


class Workloads:
    """The states of workloads by their runs, of the config's and of those that are reported."""

    def __init__(self) -> None:
        self.windows = Windows(RULES)

    def remember(self, runs: Iterable[Ran]) -> None:
        """What ran before the start, the oldest first."""
        for run in runs:
            for which, is_bad in ((OVER_BUDGET, was_over(run)), (FAILING, failed(run))):
                if is_bad is not None:
                    self.windows.remember(run.workload, which, [is_bad])

    def heard(self, run: Any, now_ms: int) -> Iterator[Turn]:
        """What a run changes; nothing, when it ended long ago and was imported."""
        ended_ms = int(run.timestamp + (run.wall_ms or 0.0))
        if ended_ms < now_ms - NEWS_MS:
            return
        subject = "workload", run.workload
        is_bad = failed(run)
        if is_bad is None:
            return
        if run.budget_ms is None:
            if self.windows.forget(run.workload, OVER_BUDGET):
                yield Turn.of(now_ms, subject, "over_budget", {"budget_ms": None}, is_bad=False)
        elif (over := was_over(run)) is not None:
            turned = self.windows.heard(run.workload, OVER_BUDGET, over, ended_ms)
            if turned is not None:
                details = {**self._figures(run, OVER_BUDGET), "budget_ms": run.budget_ms}
                yield Turn.of(now_ms, subject, "over_budget", details, is_bad=turned)
        turned = self.windows.heard(run.workload, FAILING, is_bad, ended_ms)
        if turned is not None:
            details = {**self._figures(run, FAILING), "detail": run.detail}
            yield Turn.of(now_ms, subject, "failing", details, is_bad=turned)

    def _figures(self, run: Any, which: int) -> Details:
        return {
            "bad": self.windows.bad(run.workload, which),
            "of": RULES[which].of,
            "last_ms": run.wall_ms,
            "outcome": run.outcome,
        }
