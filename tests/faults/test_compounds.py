"""Faults on top of faults: those that somebody thought of, and some that hypothesis chooses and shortens."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from tests.faults.compounds import Compounds

pytestmark = pytest.mark.skipif(shutil.which("cc") is None, reason="the shim needs a C compiler")

TestCompounds = Compounds.TestCase
TestCompounds.settings = settings(
    max_examples=2, stateful_step_count=5, deadline=None, derandomize=True,
    suppress_health_check=list(HealthCheck),
)  # fmt: skip


@pytest.fixture
def machine() -> Iterator[Compounds]:
    """A daemon under a shim, and its file; judged in the end."""
    made = Compounds()
    yield made
    made.teardown()


def test_a_recovery_of_a_kill_may_be_killed(machine: Compounds) -> None:
    """Twice on the way, and with a torn write."""
    machine.start()
    machine.kill(100)
    machine.kill_in_start(12, half=True)
    machine.kill_in_start(25, half=False)


def test_a_set_aside_may_be_killed_and_the_next_one_may_find_the_disk_full(machine: Compounds) -> None:
    """Damage was found, and the rows of the first file are still to be saved when the next is damaged."""
    machine.start()
    machine.load(200)
    machine.stop()
    machine.damage(0)
    machine.kill_in_start(40, half=True)
    machine.disk_full_in_start(5, sync=False)
