"""Each fault, in its quick version."""

from __future__ import annotations

import pytest

from tests.faults.allowance import Allowance
from tests.faults.row import Fault, load_rows

SEED = 1

QUICK = [fault for fault in load_rows().values() if fault.quick]


@pytest.mark.parametrize("fault", QUICK, ids=lambda fault: fault.name)
def test_the_promises_hold_under(fault: Fault) -> None:
    """What was acknowledged is stored, once, whole and in order; nothing else is; and it can be counted.

    Figures keep their bars, too, but for times: those are judged where the machine has nothing else to do.
    """
    acknowledged = 0
    for result in fault.rounds(fault.quick, SEED, Allowance()):
        if result.skipped:
            pytest.skip(result.skipped)
        assert fault.passes(result), result.fault
        assert fault.over(result, times=False) == []
        acknowledged += result.verdict.acknowledged
    assert acknowledged > 0
