"""How runs went, as lines of the log."""

from __future__ import annotations

import time
from typing import Any

from collector.log import Folded, get_logger

log = get_logger("workloads")


class Telling:
    """Says how runs went. What repeats is folded: at once, then at most every 30 s, and its end."""

    def __init__(self) -> None:
        self._folded: dict[tuple[str, str], Folded] = {}

    def ran(self, record: Any, *, stopped: bool) -> None:
        """One line, and a warning where it failed or took more than its budget.

        None of a run that the recorder's own stop cut off.
        """
        wall_ms = None if record.wall_ms is None else round(record.wall_ms, 2)
        name, outcome = record.workload, record.outcome
        log.info("workload.ran", name=name, kind=record.workload_kind, outcome=outcome, wall_ms=wall_ms)
        if stopped or outcome == "missed":
            return
        bad = outcome != "ok"
        self.say(bad, "workload.failed", name, outcome=outcome, detail=record.detail)
        if not bad:
            over, budget_ms = over_budget(record), record.budget_ms
            self.say(over, "workload.over_budget", name, wall_ms=wall_ms, budget_ms=budget_ms)

    def say(self, bad: bool, event: str, name: str, **fields: Any) -> None:
        """Log ``event`` of a workload, or the end of it."""
        folded = self._folded.setdefault((name, event), Folded(log, event))
        if bad:
            folded.happened(time.monotonic(), name=name, **fields)
        else:
            folded.over(name=name)


def over_budget(record: Any) -> bool:
    """Whether a run took longer than it should."""
    return record.wall_ms is not None and record.budget_ms is not None and record.wall_ms > record.budget_ms
