"""Was it the code, or was the machine busy?"""

from __future__ import annotations

from typing import Any

import pytest

from collector.readings.state import MachineState
from collector.workloads.noise import Conditions, conditions, noisy, others_percent


def state(**known: Any) -> MachineState:
    """Two cores for ten seconds, of which nothing else is known."""
    names = ("busy_percent", "cpu_some_percent", "memory_some_percent", "io_some_percent", "available_bytes",
             "temperature_celsius", "frequency_mhz", "on_battery", "busy_seconds")  # fmt: skip
    return MachineState(**{**dict.fromkeys(names), "window_seconds": 10.0, "cores": 2, **known})


@pytest.mark.parametrize(
    ("busy_seconds", "own_seconds", "expected"),
    [(10.0, 0.0, 50.0), (10.0, 8.0, 10.0), (10.0, 10.0, 0.0), (10.0, 12.0, 0.0), (None, 1.0, None)],
)
def test_others_are_what_is_busy_beside_the_run(
    busy_seconds: float | None, own_seconds: float, expected: float | None
) -> None:
    """In percent of all cores; never below zero, since the kernel counts in ticks."""
    assert others_percent(state(busy_seconds=busy_seconds), own_seconds) == expected


@pytest.mark.parametrize(
    ("others", "memory", "io", "expected"),
    [
        (None, None, None, None),
        (0.0, None, None, False),
        (24.9, 9.9, 29.9, False),
        (25.0, 0.0, 0.0, True),
        (0.0, 10.0, 0.0, True),
        (0.0, 0.0, 30.0, True),
        (None, None, 30.0, True),
        (None, 0.0, 0.0, None),
    ],
)
def test_a_busy_machine_makes_a_run_noisy(
    others: float | None, memory: float | None, io: float | None, expected: bool | None
) -> None:
    """By processor, memory or disk; what is not known says nothing."""
    assert noisy(others, memory, io) is expected


def test_the_state_becomes_columns() -> None:
    """With the run's own load taken out."""
    found = conditions(state(busy_percent=90.0, busy_seconds=18.0, io_some_percent=1.0, on_battery=True), 2.0)
    assert (found.busy_percent, found.others_percent) == (90.0, 80.0)
    assert (found.io_some_percent, found.on_battery, found.noisy) == (1.0, True, True)


def test_an_unknown_state_is_unknown_in_every_column() -> None:
    """Never a zero."""
    assert set(Conditions()) == {None}
