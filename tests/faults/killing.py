"""SIGKILL at the Nth call of a row's scenario, N = 1, 2, … until it passes; and commands to be killed so."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import count as counting
from typing import Protocol

from collector.sqlite import sqlite3
from tests.faults.ground import Ground
from tests.faults.row import ALL_ROUNDS, Round, on_fresh_ground
from tests.faults.rows.every_write import spread
from tests.faults.shim import Calls, Mode
from tests.faults.victim import WAIT_SECONDS, Died


class Scenario(Protocol):
    """Something that can be killed on the way, and judged afterwards."""

    name: str

    def prepare(self, ground: Ground) -> None:
        """Lay everything out; nothing is counted or killed yet."""
        ...

    def run(self, ground: Ground) -> int:
        """Do it under the ground's shim; the exit status, below 0 for a signal."""
        ...

    def judged(self, ground: Ground, *, killed: bool) -> Round:
        """What is left, and what becomes of it. Raises AssertionError for what the checker does not know."""
        ...


def kills(
    ground: Ground, count: int, scenarios: Sequence[Scenario], usual: int, calls: Calls = Calls.ALL
) -> Iterator[Round]:
    """All N of all scenarios; with a smaller ``count``, so many of the first that lie spread over it.

    ``usual``: about how many calls that one takes, so that nobody has to count them first.
    """
    if count >= ALL_ROUNDS:
        for scenario in scenarios:
            yield from _until_it_passes(ground, scenario, calls)
        return
    for n in spread(ground, usual, count):
        yield _round(ground, scenarios[0], calls, n)


def _until_it_passes(ground: Ground, scenario: Scenario, calls: Calls) -> Iterator[Round]:
    for n in counting(1):
        yield (result := _round(ground, scenario, calls, n))
        if result.skipped or "calls" in result.figures or n > ALL_ROUNDS:
            return


def _round(ground: Ground, scenario: Scenario, calls: Calls, n: int) -> Round:
    once = partial(_once, scenario=scenario, calls=calls)
    return on_fresh_ground(f"{ground.seed}/{scenario.name}/{n}", once, n)


def _once(ground: Ground, n: int, *, scenario: Scenario, calls: Calls) -> Round:
    """Killed at the ``n``-th call, every second write torn in the middle.

    How many calls there were is a figure of a round that came to its end.
    """
    scenario.prepare(ground)
    ground.shim.arm(Mode.KILL, calls, n, half=n % 2 == 0)
    status = scenario.run(ground)
    killed, total = status == -signal.SIGKILL, ground.shim.count
    try:
        assert killed or status == 0, f"exit status {status}: {ground.victim.log_end()}"
        result = scenario.judged(ground, killed=killed)
    except (AssertionError, Died, TimeoutError, sqlite3.Error) as error:
        raise Died(f"{scenario.name}, N = {n}: {error}") from error
    ours = {"largest N": n} if killed else {"calls": total}
    return result._replace(figures={**result.figures, **ours})


def command(ground: Ground, *arguments: str) -> int:
    """Run a command of ours on the ground's record, under its shim; the exit status, below 0 for a signal."""
    return _run(ground, arguments, ground.shim.environment())


def afterwards(ground: Ground, *arguments: str) -> None:
    """Run a command of ours without a fault. Raises Died where it fails."""
    if status := _run(ground, arguments, {}):
        raise Died(f"collector {' '.join(arguments)}: exit status {status}: {ground.victim.log_end()}")


def _run(ground: Ground, arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    with ground.victim.log.open("ab") as log:
        return subprocess.run(
            [sys.executable, "-m", "collector", *arguments, "--config", str(ground.victim.config)],
            env={**os.environ, **environment}, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            timeout=WAIT_SECONDS, check=False,
        ).returncode  # fmt: skip
