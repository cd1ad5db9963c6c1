"""The query of a workload as one execution: with a plan that says something, or none."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from collector.workloads.execution import execution, is_readable

GOOD = "Seq Scan on tasks  (cost=0.00..9.00 rows=1 width=4)"
DECODED_BY_NOBODY = f"b'{GOOD}'\nb'  Filter: (id = 1)'"


def stored(plan: str | None) -> str | None:
    """The plan that comes with the execution of a run that kept ``plan``."""
    run = SimpleNamespace(workload="it", timestamp=1, execute_ms=1.0, fetch_ms=1.0, rows=1, plan=plan)
    made: Any = execution(run, "SELECT * FROM tasks", "postgresql")
    return made.plan and str(made.plan.plan)


@pytest.mark.parametrize("plan", [None, "", DECODED_BY_NOBODY, "no plan: the connection is lost"])
def test_a_plan_that_says_nothing_is_not_stored(plan: str | None) -> None:
    """A good one that was seen before stays the last."""
    assert stored(plan) is None
    assert stored(GOOD) == GOOD


@pytest.mark.parametrize(("plan", "readable"), [("?", False), ("?\n  ?", False), ("", False), (GOOD, True)])
def test_a_plan_of_marks_alone_is_unreadable(plan: str, readable: bool) -> None:
    """All of it was taken for literals."""
    assert is_readable(plan) == readable
